"""What a selection says before a record is read."""

import pytest

from isic_cli.api.archive import ArchiveApi
from isic_cli.errors import QueryError
from isic_cli.models.selection import Selection
from isic_cli.services.select.live import SelectedImages
from tests.support.listing import spread
from tests.support.opened import settings_for
from tests.support.server import ArchiveServer


def test_a_query_that_does_not_parse_is_refused_without_a_request() -> None:
    with ArchiveServer(spread(3)) as server, ArchiveApi.open(settings_for(server.url)) as api:
        with pytest.raises(QueryError, match="no field `foo`"):
            SelectedImages(api, Selection(query="foo:1"))
        assert server.requests == []


@pytest.mark.parametrize(("query", "warnings"), [("", 0), (" ", 0), ("sex:Male", 1)])
def test_warnings_are_those_of_the_query(query: str, warnings: int) -> None:
    with ArchiveServer(spread(3)) as server, ArchiveApi.open(settings_for(server.url)) as api:
        assert len(SelectedImages(api, Selection(query=query)).warnings) == warnings
