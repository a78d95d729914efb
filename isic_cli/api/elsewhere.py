"""Requests to another host than the archive's, at an address that the archive has signed."""

from collections.abc import Callable, Iterable

import httpx

from isic_cli.api.answer import MAX_ANSWER, Answer
from isic_cli.api.client import ArchiveClient
from isic_cli.api.faults import FailedAttempt, failed_from
from isic_cli.api.retry import Fault
from isic_cli.errors import ResponseError

#: Headers and body of a request; the body in one piece or in several.
Content = tuple[dict[str, str], bytes | Iterable[bytes]]


def send_elsewhere(
    client: ArchiveClient,
    method: str,
    url: str,
    content: Callable[[], Content],
    *,
    follow_redirects: bool = False,
) -> Answer:
    """Send a request without any credential; try again like a read.

    Parameters
    ----------
    client : ArchiveClient
        Lends its connections and its patience.
    url : str
        As the archive gave it; its signature is the permission.
    content : callable
        Gives the headers and the body of each try.
    follow_redirects : bool
        Only for public addresses: a signed one leads nowhere else.

    Raises
    ------
    IsicError
        NetworkError after all tries, or whatever the status table says.
    """

    def once() -> Answer:
        headers, body = content()
        http = client.http()
        try:
            request = http.build_request(
                method,
                url,
                headers=headers,
                content=body,
                extensions={MAX_ANSWER: client.settings.max_answer},
            )
        except httpx.InvalidURL as error:
            raise ResponseError(f"{method}: the archive gave no address: {error}") from error
        asked = f"{method} {request.url.host}"
        try:
            response = http.send(request, stream=True, follow_redirects=follow_redirects)
            try:
                answer = Answer.of(response, asked)
            finally:
                response.close()
        except (httpx.HTTPError, OSError) as error:
            raise failed_from(error, asked) from error
        if answer.error is not None:
            fault = Fault("status", answer.status, answer.retry_after)
            raise FailedAttempt(fault, answer.refusal, answer)
        return answer

    try:
        return client.tries(once, idempotent=True)
    except FailedAttempt as failed:
        raise failed.error from failed.__cause__
