"""The doors that tell how files are read: the import profiles, and an empty workbook of each."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response

from services.ingest.doors import profile_names
from services.ingest.sheets.profiles import profile_template
from services.ingest.sheets.profiles.import_profile import ImportProfile
from services.ingest.sheets.profiles.profile_listing import ListedProfiles, listed
from services.runtime.access import Scope
from services.runtime.api import Api

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def bind(api: Api, profiles: Mapping[str, ImportProfile]) -> None:
    """Bind the routes."""

    @api.route(
        "GET",
        "/v1/imports/profiles",
        summary="Every import profile with its columns, in Vietnamese and English.",
        scopes=(Scope.READ, Scope.INGEST_WRITE),
        response=ListedProfiles,
    )
    def get_import_profiles() -> ListedProfiles:
        return listed(profiles.values())

    @api.route(
        "GET",
        "/v1/imports/profiles/<name>/template.xlsx",
        summary="An empty workbook with the headers of a profile and a guide.",
        scopes=(Scope.READ, Scope.INGEST_WRITE),
        media_type=XLSX,
        problems=(404,),
    )
    def get_import_template(name: str) -> Response:
        profile_names.require(name, profiles)
        headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
        return Response(profile_template.workbook(profiles[name]), content_type=XLSX, headers=headers)
