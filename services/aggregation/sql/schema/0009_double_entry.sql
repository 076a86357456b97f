-- Double entry: each row of the ledger is one transfer of its amount between two of four accounts (docs/adr/0017).
-- What an account holds is what was debited less what was credited:
--   treasury             -disbursed
--   appropriation        disbursed - work_certified - advance_outstanding
--   advance_outstanding  advance_outstanding
--   work_paid            work_certified
-- The four of a row sum to zero however it is written; of a transfer one is the amount, one is minus the amount.

-- Rows from now on; 0011_transfers_validated.sql looks at those of before, without keeping writers out.
ALTER TABLE aggregation.ledger ADD CONSTRAINT one_transfer CHECK (
    amount > 0
    AND greatest(-disbursed, disbursed - work_certified - advance_outstanding, advance_outstanding, work_certified)
        = amount
    AND least(-disbursed, disbursed - work_certified - advance_outstanding, advance_outstanding, work_certified)
        = -amount
    AND abs(disbursed) + abs(disbursed - work_certified - advance_outstanding) + abs(advance_outstanding)
        + abs(work_certified) = 2 * amount
) NOT VALID;

-- The two postings of each row.
CREATE VIEW aggregation.posting AS
SELECT l.event_id, l.project_code, l.fund_source, l.budget_year, l.series, l.value_date, l.applied_at,
       p.account, p.amount
  FROM aggregation.ledger AS l
 CROSS JOIN LATERAL (
       VALUES ('treasury', -l.disbursed),
              ('appropriation', l.disbursed - l.work_certified - l.advance_outstanding),
              ('advance_outstanding', l.advance_outstanding),
              ('work_paid', l.work_certified)) AS p (account, amount)
 WHERE p.amount <> 0;

-- What the accounts of each line hold on a day, by series, as the ledger knew it at an instant (NULL: all it knows).
CREATE FUNCTION aggregation.account_balances(p_budget_year integer, p_as_of date, p_known_at timestamptz)
RETURNS TABLE (
    project_code text,
    fund_source text,
    series text,
    treasury bigint,
    appropriation bigint,
    advance_outstanding bigint,
    work_paid bigint
)
LANGUAGE sql STABLE AS $$
SELECT m.project_code, m.fund_source, m.series,
       -sum(m.disbursed)::bigint,
       sum(m.disbursed - m.work_certified - m.advance_outstanding)::bigint,
       sum(m.advance_outstanding)::bigint,
       sum(m.work_certified)::bigint
  FROM aggregation.moved(p_known_at) AS m
 WHERE m.budget_year = p_budget_year AND m.value_date <= p_as_of
 GROUP BY m.project_code, m.fund_source, m.series
$$;
