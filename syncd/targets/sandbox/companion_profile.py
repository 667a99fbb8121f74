"""The companion's list of custom profile fields, as the practice site has it."""

from typing import Any

from syncd.targets.sandbox import parameters
from syncd.targets.sandbox.function import Answers
from syncd.targets.sandbox.site import Visit


def get(visit: Visit) -> list[dict[str, Any]]:
    """Every custom profile field, with what its values may be."""
    return [
        {
            "shortname": field.shortname,
            "datatype": field.datatype,
            "name": field.shortname,
            "required": False,
            "locked": False,
            "forceunique": field.unique,
            "defaultdata": "0" if field.datatype == "checkbox" else "",
            "options": list(field.options),
            "maxlength": 2048 if field.datatype == "text" else 0,
            "yearfrom": 1900 if field.datatype == "datetime" else 0,
            "yearto": 2100 if field.datatype == "datetime" else 0,
            "withtime": False,
        }
        for field in visit.profile_fields.values()
    ]


FUNCTIONS = {"local_syncd_get_profile_fields": Answers(parameters.structure({}), get, writes=False)}
