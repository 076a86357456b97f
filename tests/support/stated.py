"""What senders state, as JSON objects with every field right; tests change the one they are about."""

from __future__ import annotations

from typing import Any


def movement(**changes: Any) -> dict[str, Any]:
    """A payment of 1,000,000 đồng on 05/03/2022, with ``changes``."""
    return {
        "source": "kbnn.ca-mau",
        "source_ref": "V-1",
        "project_code": "7891234",
        "fund_source": "local.balance",
        "budget_year": 2022,
        "kind": "completed_work_payment",
        "amount": "1000000",
        "value_date": "2022-03-05",
        **changes,
    }


def statement(**changes: Any) -> dict[str, Any]:
    """A cumulative 2,000,000 đồng up to 31/03/2022, with ``changes``."""
    return {
        "source": "kbnn.ca-mau",
        "project_code": "7891234",
        "fund_source": "local.balance",
        "budget_year": 2022,
        "cumulative": 2000000,
        "as_of": "2022-03-31",
        **changes,
    }


def completed_work(**changes: Any) -> dict[str, Any]:
    """Work worth 1,500,000 đồng up to 31/03/2022, with ``changes``."""
    return {
        "source": "bql-gt.ca-mau",
        "project_code": "7891234",
        "budget_year": 2022,
        "cumulative": 1500000,
        "as_of": "2022-03-31",
        **changes,
    }


def project(**changes: Any) -> dict[str, Any]:
    """The project of the register from 01/01/2022, with ``changes``."""
    return {
        "source": "skhdt.ca-mau",
        "project_code": "7891234",
        "project_name": "Cầu sông Ông Đốc",
        "province_code": "96",
        "owner_code": "BQL-GT",
        "starts_on": "2020-06-01",
        "total_investment": "90000000000",
        "effective_date": "2022-01-01",
        **changes,
    }


def owner(**changes: Any) -> dict[str, Any]:
    """The accountable unit from 01/01/2022, with ``changes``."""
    return {
        "source": "skhdt.ca-mau",
        "province_code": "96",
        "owner_code": "BQL-GT",
        "owner_name": "Ban QLDA công trình giao thông",
        "head_name": "Nguyễn Văn An",
        "head_post": "Giám đốc",
        "effective_date": "2022-01-01",
        **changes,
    }


def officer(**changes: Any) -> dict[str, Any]:
    """Who answers for the project from 01/03/2022, with ``changes``."""
    return {
        "source": "skhdt.ca-mau",
        "province_code": "96",
        "owner_code": "BQL-GT",
        "project_code": "7891234",
        "officer_name": "Trần Thị Bình",
        "officer_email": "binh@bql-gt.example",
        "effective_date": "2022-03-01",
        **changes,
    }


def revision(**changes: Any) -> dict[str, Any]:
    """The plan of 2022 assigned on 10/12/2021, with ``changes``."""
    return {
        "source": "skhdt.ca-mau",
        "project_code": "7891234",
        "project_name": "Cầu sông Ông Đốc",
        "owner_code": "BQL-GT",
        "owner_name": "Ban QLDA công trình giao thông",
        "fund_source": "local.balance",
        "province_code": "96",
        "budget_year": 2022,
        "base": "initial",
        "amount": "5000000",
        "decision_number": "58/NQ-HĐND",
        "decision_date": "2021-12-10",
        "effective_date": "2022-01-01",
        **changes,
    }


def schedule(**changes: Any) -> dict[str, Any]:
    """Cà Mau's target milestones of 2022, with ``changes``."""
    return {
        "source": "ubnd.ca-mau",
        "kind": "target",
        "scope_code": "96",
        "budget_year": 2022,
        "points": [
            {"date": "2022-03-31", "basis_points": 2000},
            {"date": "2022-06-30", "basis_points": 5000},
            {"date": "2022-09-30", "basis_points": 7500},
            {"date": "2022-12-31", "basis_points": 10000},
        ],
        "decision_number": "12/01/2022",
        "effective_date": "2022-01-12",
        **changes,
    }
