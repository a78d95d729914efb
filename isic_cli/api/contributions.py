"""The endpoints of contributors and cohorts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from isic_cli.api.paging import all_rows
from isic_cli.api.session import Session
from isic_cli.models.page import page_of

if TYPE_CHECKING:
    from isic_cli.models.contribution import Cohort, Contributor


class ContributionEndpoints(Session):
    """What this user may contribute to; needs a login."""

    def cohorts(self) -> "Iterator[Cohort]":
        """Yield the cohorts that this user may upload to, the newest first."""
        from isic_cli.models.contribution import Cohort

        yield from all_rows(self._client, "cohorts/", page_of(Cohort.model_validate), {})

    def cohort(self, cohort_id: int) -> "Cohort":
        """Return one cohort.

        Raises
        ------
        NotFoundError
            When there is none, or it is somebody else's.
        """
        from isic_cli.models.contribution import Cohort

        path = f"cohorts/{cohort_id}/"
        return self.named("cohort", cohort_id, path, Cohort.model_validate_json)

    def contributors(self) -> "Iterator[Contributor]":
        """Yield the contributors that this user may act for, the newest first."""
        from isic_cli.models.contribution import Contributor

        read = page_of(Contributor.model_validate)
        yield from all_rows(self._client, "contributors/", read, {})

    def contributor(self, contributor_id: int) -> "Contributor":
        """Return one contributor, with its cohorts.

        Raises
        ------
        NotFoundError
            When there is none, or it is somebody else's.
        """
        from isic_cli.models.contribution import Contributor

        path = f"contributors/{contributor_id}/"
        return self.named("contributor", contributor_id, path, Contributor.model_validate_json)
