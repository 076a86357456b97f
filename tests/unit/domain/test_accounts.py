"""Double entry, as tables an auditor can read."""

from __future__ import annotations

import pytest

from services.domain.accounts import Account, Effect, Transfer
from services.domain.disbursement import MovementKind, RecoveryBooking, StatementPosting, statement_postings
from tests.support import facts

ADVANCE, RECOVERY = MovementKind.ADVANCE, MovementKind.ADVANCE_RECOVERY
PAYMENT, REFUND = MovementKind.COMPLETED_WORK_PAYMENT, MovementKind.REFUND
GROSS, NET = RecoveryBooking.GROSS, RecoveryBooking.NET


@pytest.mark.parametrize(
    ("kind", "booking", "debit", "credit", "effect"),
    [
        (ADVANCE, GROSS, "advance_outstanding", "treasury", (100, 0, 100)),
        (ADVANCE, NET, "advance_outstanding", "treasury", (100, 0, 100)),
        (RECOVERY, GROSS, "treasury", "advance_outstanding", (-100, 0, -100)),
        (RECOVERY, NET, "work_paid", "advance_outstanding", (0, 100, -100)),
        (PAYMENT, GROSS, "work_paid", "treasury", (100, 100, 0)),
        (PAYMENT, NET, "work_paid", "treasury", (100, 100, 0)),
        (REFUND, GROSS, "treasury", "appropriation", (-100, 0, 0)),
        (REFUND, NET, "treasury", "appropriation", (-100, 0, 0)),
    ],
)
def test_a_movement_is_one_transfer_and_its_effect_follows(
    kind: MovementKind, booking: RecoveryBooking, debit: str, credit: str, effect: tuple[int, int, int]
) -> None:
    moved = facts.movement("1", 100, kind=kind, recovery_booking=booking)
    assert moved.transfer() == Transfer(Account(debit), Account(credit), 100)
    assert moved.effect() == Effect(*effect)


def test_a_reversal_has_no_transfer_of_its_own() -> None:
    with pytest.raises(KeyError):
        facts.reversal("2", facts.movement("1", 100)).transfer()


@pytest.mark.parametrize(
    ("disbursed", "debit", "credit"), [(40, "appropriation", "treasury"), (-40, "treasury", "appropriation")]
)
def test_a_difference_of_statements_is_charged_to_the_appropriation_and_comes_back_to_it(
    disbursed: int, debit: str, credit: str
) -> None:
    line = facts.statement(40, "2022-03-31")
    (posting,) = statement_postings(line, [])
    posting = StatementPosting(posting.event_id, posting.value_date, disbursed)
    assert posting.transfer == Transfer(Account(debit), Account(credit), 40)
    assert posting.transfer.effect == Effect(disbursed, 0, 0)


def test_the_balances_of_an_effect_are_its_postings() -> None:
    for debit in Account:
        for credit in set(Account) - {debit}:
            transfer = Transfer(debit, credit, 7)
            nothing = dict.fromkeys(Account, 0)
            assert transfer.effect.balances == nothing | dict(transfer.postings)
            assert (-transfer.effect).balances == nothing | dict(Transfer(credit, debit, 7).postings)


def test_an_advance_recovered_gross_and_net_leaves_the_same_work_and_advance() -> None:
    """300 advanced, 100 of work done, 30 of it from the advance."""
    gross = [(ADVANCE, 300, GROSS), (PAYMENT, 100, GROSS), (RECOVERY, 30, GROSS)]
    net = [(ADVANCE, 300, NET), (PAYMENT, 70, NET), (RECOVERY, 30, NET)]
    for booked in (gross, net):
        added = [
            facts.movement("1", amount, kind=kind, recovery_booking=booking).effect().balances
            for kind, amount, booking in booked
        ]
        assert {account: sum(each[account] for each in added) for account in Account} == {
            Account.TREASURY: -370,
            Account.APPROPRIATION: 0,
            Account.ADVANCE_OUTSTANDING: 270,
            Account.WORK_PAID: 100,
        }
