"""The endpoints of contributors and cohorts."""

from collections.abc import Iterator

from isic_cli.api.paging import all_rows
from isic_cli.api.session import Session
from isic_cli.models.base import Page
from isic_cli.models.contribution import Cohort, Contributor


class ContributionEndpoints(Session):
    """What this user may contribute to; needs a login."""

    def cohorts(self) -> Iterator[Cohort]:
        """Yield the cohorts that this user may upload to, the newest first."""
        yield from all_rows(self._client, "cohorts/", Page[Cohort].model_validate_json, {})

    def cohort(self, cohort_id: int) -> Cohort:
        """Return one cohort.

        Raises
        ------
        NotFoundError
            When there is none, or it is somebody else's.
        """
        path = f"cohorts/{cohort_id}/"
        return self.named("cohort", cohort_id, path, Cohort.model_validate_json)

    def contributors(self) -> Iterator[Contributor]:
        """Yield the contributors that this user may act for, the newest first."""
        read = Page[Contributor].model_validate_json
        yield from all_rows(self._client, "contributors/", read, {})

    def contributor(self, contributor_id: int) -> Contributor:
        """Return one contributor, with its cohorts.

        Raises
        ------
        NotFoundError
            When there is none, or it is somebody else's.
        """
        path = f"contributors/{contributor_id}/"
        return self.named("contributor", contributor_id, path, Contributor.model_validate_json)
