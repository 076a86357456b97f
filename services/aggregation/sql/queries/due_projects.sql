SELECT project_code, budget_year, mark FROM aggregation.progress_due ORDER BY due_since, mark LIMIT %s
