"""What our objects of custom kinds may have in them. The kinds' own schemas are in the clusters that have them; these name the fields that we
use, as their documentation does, and refuse every other: a slip of the pen would be ignored, or refused, by a real cluster."""
from __future__ import annotations

from typing import Any


def only(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with these fields and no others."""
    return {"type": "object", "properties": {**required, **optional}, "required": sorted(required), "additionalProperties": False}


def some(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "object", "additionalProperties": TEXT}
META = only({"name": TEXT, "namespace": TEXT, "labels": TEXTS}, annotations=TEXTS)
DURATION = {"type": "string", "pattern": r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"}
INTERVAL = {"type": "string", "pattern": r"^[0-9]+(ms|s|m|h)$"}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}


def kind(version: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return only({"apiVersion": {"const": version}, "kind": {"const": name}, "metadata": META, "spec": spec})


SHAPES = {
    "HTTPRoute": kind("gateway.networking.k8s.io/v1", "HTTPRoute", only({
        "parentRefs": some(only({"name": TEXT}, namespace=TEXT, sectionName=TEXT)),
        "hostnames": some({"type": "string", "pattern": r"^[a-z0-9.-]+$"}),
        "rules": some(only({
            "matches": some(only({"path": only({"type": {"enum": ["Exact", "PathPrefix"]}, "value": {"type": "string", "pattern": "^/"}})})),
            "backendRefs": some(only({"name": TEXT, "port": PORT})),
        }, timeouts=only({}, request=DURATION, backendRequest=DURATION))),
    })),
    "ServiceMonitor": kind("monitoring.coreos.com/v1", "ServiceMonitor", only({
        "selector": only({"matchLabels": TEXTS}),
        "endpoints": some(only({"port": TEXT}, path=TEXT, interval=INTERVAL, scrapeTimeout=INTERVAL)),
    })),
    "PrometheusRule": kind("monitoring.coreos.com/v1", "PrometheusRule", only({
        "groups": some(only({
            "name": TEXT,
            "rules": some(only({"alert": TEXT, "expr": TEXT, "labels": TEXTS, "annotations": TEXTS}, **{"for": INTERVAL})),
        })),
    })),
}
