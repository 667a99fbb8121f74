"""Calling web-service functions of a Moodle site."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError

from syncd.core.functions import BUNDLE, SITE_INFO, is_piecemeal
from syncd.errors import SiteRefused, SyncdError, TooMuch
from syncd.targets.rest.failures import ENDPOINT, exception, no_json, not_ok, not_sent
from syncd.targets.rest.form import fields

SURELY_WHOLE = 900
"""Variables that any PHP takes: its own max_input_vars, where nobody set another, is 1,000."""

SURELY_TAKEN = 1 << 20
"""Bytes of a request that any web server takes."""


class Rest:
    """Calls web-service functions of a Moodle site over connections that are kept alive. TLS is checked.

    A call is made once: what is safe to repeat is for the caller to know, who also knows when to stop.
    """

    def __init__(self, url: str, token: str, pool: urllib3.PoolManager, *, max_variables: int) -> None:
        self._url = url
        self._token = token
        self._pool = pool
        self._most = max_variables
        self._functions: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Rest({self._url!r})"

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Carry out a function, as `Target.call` says. Raises `TooMuch` for a call that is too large to be sent."""
        # First, so that the refusal of a request that PHP cuts off can be read: without the format it would be XML.
        variables = [("moodlewsrestformat", "json"), ("moodlewssettingraw", "1"), *fields(parameters)]
        if len(variables) > self._most:
            raise TooMuch(f"{len(variables)} variables are more than one request may have")
        # Last, so that a request that PHP cuts off fails loudly and changes nothing.
        body = urlencode([*variables, ("wsfunction", function), ("wstoken", self._token)], errors="surrogatepass")
        try:
            return self._asked(function, body, piecemeal=is_piecemeal(_within(function, parameters)))
        except _Refused as refused:
            if refused.code == "invalidtoken" and (len(variables) > SURELY_WHOLE or len(body) > SURELY_TAKEN):
                self._look_whether_cut_off(len(variables))
            if refused.code == "invalidrecordunknown" and function not in self._known():
                raise SiteRefused(f"{self._url} has no function {function}, or not in the token's service") from None
            raise refused.error from None

    def _asked(self, function: str, body: str, *, piecemeal: bool) -> Any:
        try:
            response = self._pool.request("POST", self._url + ENDPOINT, body=body, redirect=False)
        except HTTPError as error:
            raise not_sent(self._url, function, error) from error
        if response.status != 200:
            raise not_ok(self._url, function, response.status, response.headers, response.data)
        try:
            answer = json.loads(response.data)
        except ValueError as error:
            raise no_json(self._url, function, response.data) from error
        if isinstance(answer, dict) and "exception" in answer:
            means = exception(self._url, function, answer, piecemeal=piecemeal)
            raise _Refused(str(answer.get("errorcode")), means)
        return answer

    def _known(self) -> frozenset[str]:
        """The functions that the token may call: a function that is not there has the code of a thing that is not."""
        if not self._functions:
            self._functions = frozenset(function["name"] for function in self.call(SITE_INFO, {})["functions"])
        return self._functions

    def _look_whether_cut_off(self, variables: int) -> None:
        """Raise `TooMuch` when the token is good, and only was cut off with the end of a large request."""
        try:
            self.call(SITE_INFO, {})
        except SyncdError:
            return
        if variables <= SURELY_WHOLE:
            raise TooMuch("the web server takes no request of this size (PHP's post_max_size)")
        self._most = min(self._most, variables // 2)
        if self._most < SURELY_WHOLE // 2:
            raise SiteRefused(f"{self._url} cuts off requests of {variables} variables: raise PHP's max_input_vars")
        raise TooMuch(f"{variables} variables are more than PHP takes here (max_input_vars)")


def _within(function: str, parameters: Mapping[str, Any]) -> list[str]:
    return [request["function"] for request in parameters["requests"]] if function == BUNDLE else [function]


class _Refused(Exception):
    """Moodle answered an exception; `error` is what it means."""

    def __init__(self, code: str, error: SyncdError) -> None:
        self.code = code
        self.error = error
