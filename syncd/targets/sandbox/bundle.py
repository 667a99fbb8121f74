"""The practice site's way to carry out many calls in one."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from syncd.errors import ItemRefused
from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.function import Answers, check_answer
from syncd.targets.sandbox.site import Visit

_TAKES = parameters.structure(
    {
        "requests": parameters.list_of(
            parameters.structure(
                {"function": parameters.matching("[a-zA-Z0-9_-]+")},
                {
                    "arguments": parameters.text,
                    "settingraw": parameters.boolean,
                    "settingfilter": parameters.boolean,
                    "settingfileurl": parameters.boolean,
                    "settinglang": parameters.language,
                },
            )
        )
    }
)


def bundle(functions: Mapping[str, Answers]) -> Answers:
    """The function that carries out others, each by itself, up to the first that is refused."""

    def answer(visit: Visit, requests: list[dict[str, Any]]) -> dict[str, Any]:
        return {"responses": list(_responses(functions, visit, requests))}

    return Answers(_TAKES, answer, writes=True)


def _responses(
    functions: Mapping[str, Answers], visit: Visit, requests: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    for request in requests:
        try:
            data = _carried_out(functions, visit, request["function"], _arguments(request.get("arguments", "{}")))
        except ItemRefused as refused:
            exception = {"errorcode": refused.code, "message": refused.message}
            yield {"error": True, "exception": json.dumps(exception)}
            return
        yield {"error": False, "data": None if data is None else json.dumps(data)}


def _carried_out(functions: Mapping[str, Answers], visit: Visit, function: str, arguments: Any) -> Any:
    if (called := functions.get(function)) is None:
        raise ItemRefused("accessexception", "Access control exception")
    taken = called.takes(arguments)
    visit.connection.execute("SAVEPOINT call")
    try:
        answer = called.answer(visit, **taken)
    except BaseException:
        if visit.connection.in_transaction:
            visit.connection.execute("ROLLBACK TO call")
        raise
    visit.connection.execute("RELEASE call")
    check_answer(answer)
    return answer


def _arguments(text: str) -> Any:
    # What is no JSON object counts as no arguments, without a word.
    try:
        arguments = json.loads(text)
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}
