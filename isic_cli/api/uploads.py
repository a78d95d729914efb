"""Upload a file in parts to the archive's file host, and register it with a cohort.

The archive signs an address for each part; the parts go to the file host without any credential;
the archive then writes the XML that joins them, and confirms the whole.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isic_cli.api.answer import Answer, read_json
from isic_cli.api.elsewhere import send_elsewhere
from isic_cli.api.session import Session
from isic_cli.api.status import LATER_HINT
from isic_cli.errors import NetworkError, ResponseError

if TYPE_CHECKING:
    from isic_cli.models.contribution import Upload, UploadPart

#: What a file is uploaded for.
FIELD = "ingest.Accession.original_blob"


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part that the file host has, with the tag it gave."""

    part: "UploadPart"
    etag: str


class UploadEndpoints(Session):
    """Upload files, and make accessions of them."""

    def begin_upload(self, file_name: str, size: int, content_type: str) -> "Upload":
        """Ask for the addresses of an upload's parts.

        Parameters
        ----------
        size : int
            In bytes, at least 1.
        """
        from isic_cli.models.contribution import Upload

        body = {
            "field_id": FIELD,
            "file_name": file_name,
            "file_size": size,
            "content_type": content_type,
        }
        answer = self._post("s3-upload/upload-initialize/", body)
        return read_json(answer, Upload.model_validate_json)

    def send_part(self, part: "UploadPart", chunks: Callable[[], Iterable[bytes]]) -> UploadedPart:
        """Send one part to the file host; a cut one is sent again.

        Parameters
        ----------
        chunks : callable
            Reads the part from its beginning; called for each try.

        Raises
        ------
        ResponseError
            When the host takes the part but gives no tag for it.
        """
        length = {"Content-Length": str(part.size)}
        answer = send_elsewhere(self._client, "PUT", part.upload_url, lambda: (length, chunks()))
        etag = answer.headers.get("etag")
        if not etag:
            raise ResponseError(f"{answer.asked}: the file host gave no tag for a part")
        return UploadedPart(part, etag)

    def finish_upload(self, upload: "Upload", sent: Sequence[UploadedPart]) -> str:
        """Join the parts, have the archive confirm, and return what stands for the file."""
        from isic_cli.models.contribution import CompletionAnswer, FinalizedUpload

        body = {
            "upload_signature": upload.upload_signature,
            "upload_id": upload.upload_id,
            "parts": [
                {"part_number": one.part.part_number, "size": one.part.size, "etag": one.etag}
                for one in sent
            ],
        }
        joining = read_json(
            self._post("s3-upload/upload-complete/", body), CompletionAnswer.model_validate_json
        )
        joined = send_elsewhere(
            self._client, "POST", joining.complete_url, lambda: ({}, joining.body.encode())
        )
        if b"<Error>" in joined.body:  # S3 answers 200 before it knows, and fails in the body
            raise NetworkError(f"{joined.asked}: the parts could not be joined", hint=LATER_HINT)
        done = self._post("s3-upload/finalize/", {"upload_signature": upload.upload_signature})
        return read_json(done, FinalizedUpload.model_validate_json).field_value

    def create_accession(
        self, cohort_id: int, field_value: str, *, metadata: Mapping[str, Any] | None = None
    ) -> int:
        """Add an uploaded file to a cohort and return the accession's id.

        Raises
        ------
        AuthError
            When the cohort is somebody else's.
        RefusedError
            For a file name that the cohort has, or metadata that breaks a rule.
        """
        from isic_cli.models.contribution import CreatedAccession

        body: dict[str, Any] = {"cohort": cohort_id, "original_blob": field_value}
        if metadata:
            body["metadata"] = dict(metadata)
        return read_json(self._post("accessions/", body), CreatedAccession.model_validate_json).id

    def _post(self, path: str, body: Mapping[str, Any]) -> Answer:
        return self._client.request("POST", path, Answer.of, json=dict(body))
