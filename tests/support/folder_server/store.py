"""A folder as one user of the folder server sees it."""

from collections.abc import Mapping
from dataclasses import replace

from isic_cli.folder.local_collection import LocalCollection
from isic_cli.folder.store import FolderStore
from isic_cli.folder.table import MetadataTable
from tests.support.folder_server.accounts import Account, Accounts
from tests.support.folder_server.ledger import Ledger, Records
from tests.support.folder_server.sets import as_served


class AccountStore(FolderStore):
    """What a user sees of a folder, and what was contributed to it."""

    accounts: Accounts
    viewer: Account | None
    ledger: Ledger

    @classmethod
    def seen_by(
        cls, viewer: Account | None, whole: FolderStore, accounts: Accounts, ledger: Ledger
    ) -> "AccountStore":
        """Return a folder as a user sees it; None for a guest."""
        pictures = whole.contents.pictures
        shown = {one: path for one, path in pictures.items() if accounts.may_see(viewer, one)}
        rows = {one: row for one, row in whole.table.rows.items() if one in shown}
        seen = cls(
            whole.folder,
            replace(whole.contents, pictures=shown),
            MetadataTable(whole.table.columns, rows),
            whole.lock,
            collection_file=whole.collection_file,
        )
        seen.accounts, seen.viewer, seen.ledger = accounts, viewer, ledger
        return seen

    def is_private(self, isic_id: str) -> bool:
        return isic_id in self.accounts.private_images

    @property
    def collections(self) -> Mapping[int, LocalCollection]:
        found = self.collection_file.collections
        return {key: one for key, one in found.items() if as_served(one).is_visible_to(self.viewer)}


def stores_by_user(whole: FolderStore, accounts: Accounts) -> dict[int | None, AccountStore]:
    """Return a folder as each of its users sees it, and under None as a guest does."""
    beginning = Records(contributors=accounts.contributors, cohorts=accounts.cohorts)
    ledger = Ledger(whole.folder / ".isic" / "contributions", beginning)
    people = (None, *accounts.users)
    return {
        one.id if one else None: AccountStore.seen_by(one, whole, accounts, ledger)
        for one in people
    }
