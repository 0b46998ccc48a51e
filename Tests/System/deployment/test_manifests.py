"""Each overlay is what a cluster takes, and what the program and its operators need."""
from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import kubernetes_validate
import pytest
import yaml

from conftest import K8S, NODE, OVERLAYS, Rendered, chosen, kustomized, overlay
from shapes import SHAPES
from testbed.process import ROOT

VERSIONS = ["1.32.0", "1.37.0"]


def test_all_overlays_are_there():
    assert set(OVERLAYS) >= {"dev", "production", "sentinel", "cluster", "tls"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cluster_of_that_version_takes_it(rendered: Rendered, version: str):
    unknown = []
    for each in rendered.objects:
        try:
            kubernetes_validate.validate(each, version, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            unknown.append(each["kind"])
    # looked at below
    assert set(unknown) <= set(SHAPES)


def test_objects_of_custom_kinds_have_the_fields_of_their_kind(rendered: Rendered):
    for each in rendered.all(*SHAPES):
        jsonschema.validate(each, SHAPES[each["kind"]])


def test_all_objects_are_in_the_namespace_of_the_restricted_profile(rendered: Rendered):
    [namespace] = rendered.all("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {each["metadata"]["namespace"] for each in rendered.objects if each["kind"] != "Namespace"} == {namespace["metadata"]["name"]}


def test_every_pod_keeps_to_the_restricted_profile_and_writes_nowhere_but_where_it_must(rendered: Rendered):
    for name, pod in rendered.pods().items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert {key: spec["securityContext"][key] for key in ("runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup")} == {
            "runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532}, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert all("hostPath" not in volume for volume in spec["volumes"])
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True and context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            resources = container["resources"]
            assert set(resources["requests"]) >= {"cpu", "memory"} and "memory" in resources["limits"]
            # throttling would keep every agent of the node waiting
            assert "cpu" not in resources["limits"]


def test_no_secret_is_in_the_environment_nor_mounted_as_a_single_file(rendered: Rendered):
    for name, pod in rendered.pods().items():
        for container in pod["spec"]["containers"]:
            for variable in container.get("env", []):
                assert "secretKeyRef" not in variable.get("valueFrom", {}), name
            assert not container.get("envFrom"), name
            assert all("subPath" not in mount and "subPathExpr" not in mount for mount in container["volumeMounts"]), name
        secrets = [volume["secret"] for volume in pod["spec"]["volumes"] if "secret" in volume]
        # readable by the group, which is the pod's alone
        assert all(secret["defaultMode"] == 0o440 for secret in secrets), name
    assert not rendered.all("Secret"), "secrets are the operator's to make"


def test_a_node_sees_nothing_of_redis_but_its_own_password(rendered: Rendered):
    [volume] = [each for each in rendered.node["spec"]["volumes"] if each.get("secret", {}).get("secretName") == "satgate-redis"]
    assert [item["key"] for item in volume["secret"]["items"]] == ["password"]


def test_services_do_not_become_settings(rendered: Rendered):
    # a Service satgate-admin would be SATGATE_ADMIN_PORT=tcp://…
    assert rendered.node["spec"]["enableServiceLinks"] is False
    assert not [each for each in rendered.container.get("env", []) if each["name"].startswith("SATGATE_")]


def test_changed_settings_replace_pods_and_changed_tenants_do_not(rendered: Rendered):
    maps = {volume["name"]: volume["configMap"]["name"] for volume in rendered.node["spec"]["volumes"] if "configMap" in volume}
    assert maps["tenants"] == "satgate-tenants"
    assert maps["config"].startswith("satgate-config-")


def test_probes_ask_the_operators_port_what_each_is_for(rendered: Rendered):
    container = rendered.container
    for probe, path in (("startupProbe", "/healthz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
        assert container[probe]["httpGet"] == {"path": path, "port": "admin"}
    startup = container["startupProbe"]
    assert startup["periodSeconds"] == 1 and startup["failureThreshold"] >= 60


def test_ports_agree_from_the_settings_to_the_services(rendered: Rendered):
    settings, ports = rendered.settings, {each["name"]: each["containerPort"] for each in rendered.container["ports"]}
    assert ports == {"agents": settings["listen"]["port"], "admin": settings["admin"]["port"]}
    assert settings["listen"]["host"] == settings["admin"]["host"] == "0.0.0.0"
    for name, port in (("satgate", "agents"), ("satgate-admin", "admin")):
        service = rendered.one("Service", name)
        [only] = service["spec"]["ports"]
        assert (only["name"], only["targetPort"], only["port"]) == (port, port, ports[port])
        assert service["spec"].get("type", "ClusterIP") == "ClusterIP" and "sessionAffinity" not in service["spec"]


def test_selectors_choose_the_pods_they_are_for(rendered: Rendered):
    deployment = rendered.one("Deployment", "satgate")
    labels = rendered.node["metadata"]["labels"]
    assert labels.items() >= NODE.items()
    assert chosen(deployment["spec"]["selector"], labels)
    others = [pod["metadata"]["labels"] for name, pod in rendered.pods().items() if name != "Deployment/satgate"]
    selectors = [{"matchLabels": rendered.one("Service", name)["spec"]["selector"]} for name in ("satgate", "satgate-admin")]
    selectors += [each["spec"]["selector"] for each in rendered.all("PodDisruptionBudget") if each["metadata"]["name"] == "satgate"]
    selectors += [each["labelSelector"] for each in rendered.node["spec"].get("topologySpreadConstraints", [])]
    for selector in selectors:
        assert chosen(selector, labels) and not any(chosen(selector, other) for other in others)
    for each in rendered.all("StatefulSet"):
        pod = each["spec"]["template"]["metadata"]["labels"]
        assert chosen(each["spec"]["selector"], pod)
        assert chosen({"matchLabels": rendered.one("Service", each["spec"]["serviceName"])["spec"]["selector"]}, pod)


def test_a_node_has_the_time_it_takes_to_stop(rendered: Rendered):
    drain = rendered.settings["drain"]
    # the endpoints of Services learn of it in a few seconds
    assert drain["announce"] >= 5000
    assert rendered.node["spec"]["terminationGracePeriodSeconds"] * 1000 > drain["announce"] + drain["grace"]
    spec = rendered.one("Deployment", "satgate")["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert spec["minReadySeconds"] > 0


# ---- the network

def allowed(rendered: Rendered, pod: dict[str, str], direction: str) -> list[tuple[dict[str, Any], Any]]:
    """(peer, port) of all that policies allow a pod, in one direction; fails where it is not denied all else."""
    policies = [each["spec"] for each in rendered.all("NetworkPolicy") if chosen(each["spec"]["podSelector"], pod)]
    assert any(direction in policy["policyTypes"] for policy in policies)
    rules = [rule for policy in policies for rule in policy.get(direction.lower(), [])]
    peers = "from" if direction == "Ingress" else "to"
    # a rule without peers or ports would allow all
    assert all(rule.get(peers) for rule in rules)
    return [(peer, port["port"]) for rule in rules for peer in rule[peers] for port in rule.get("ports", [{"port": None}])]


def redis_servers(rendered: Rendered) -> list[tuple[str, int]]:
    """Host and port of each server in redis.url."""
    url = urlsplit(rendered.settings["redis"]["url"])
    usual = 26379 if "sentinel" in url.scheme else 6379
    return [(host, int(port or usual)) for host, _, port in (each.partition(":") for each in url.netloc.rpartition("@")[2].split(","))]


def test_what_is_not_allowed_is_denied_in_the_whole_namespace(rendered: Rendered):
    deny = rendered.one("NetworkPolicy", "deny")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for pod in rendered.pods().values():
        allowed(rendered, pod["metadata"]["labels"], "Egress")
        allowed(rendered, pod["metadata"]["labels"], "Ingress")


def test_agents_and_monitoring_reach_a_node_each_at_its_port_and_nobody_else(rendered: Rendered):
    found = {(peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], port)
             for peer, port in allowed(rendered, rendered.node["metadata"]["labels"], "Ingress")}
    assert found == {("ingress-nginx", "agents"), ("monitoring", "admin")}


def test_a_node_reaches_names_and_its_redis(rendered: Rendered):
    egress = allowed(rendered, rendered.node["metadata"]["labels"], "Egress")
    assert any(port == 53 and peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "kube-system"} for peer, port in egress)
    servers = {labels: pod for labels, pod in rendered.pods().items() if labels.startswith("StatefulSet/")}
    for host, port in redis_servers(rendered):
        name = host.rpartition(".")[2] or host
        if f"StatefulSet/{name}" not in servers:
            assert any("ipBlock" in peer and peer["ipBlock"]["cidr"] != "0.0.0.0/0" and at == port for peer, at in egress), f"{host}:{port}"
            continue
        pod = servers[f"StatefulSet/{name}"]
        assert port in [each["containerPort"] for each in pod["spec"]["containers"][0]["ports"]]
        labels = pod["metadata"]["labels"]
        assert any(at == port and "podSelector" in peer and chosen(peer["podSelector"], labels) for peer, at in egress), f"{host}:{port}"
        ingress = allowed(rendered, labels, "Ingress")
        names = {each["name"]: each["containerPort"] for each in pod["spec"]["containers"][0]["ports"]}
        assert any(names.get(at, at) == port and chosen(peer["podSelector"], rendered.node["metadata"]["labels"]) for peer, at in ingress)


def test_the_servers_of_a_name_are_there(rendered: Rendered):
    sets = {each["metadata"]["name"]: each["spec"] for each in rendered.all("StatefulSet")}
    for host, _ in redis_servers(rendered):
        pod, _, service = host.partition(".")
        if service in sets:
            assert pod in [f"{service}-{number}" for number in range(sets[service]["replicas"])]
        elif pod in sets:
            assert not service


METADATA = ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"]
PRIVATE = ["10.0.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "0.0.0.0", "::1", "fe80::1", "fc00::1", "224.0.0.1"]


@pytest.mark.parametrize("address", METADATA + PRIVATE)
def test_no_pod_reaches_metadata_or_private_addresses_by_number(rendered: Rendered, address: str):
    wanted = ipaddress.ip_address(address)
    for pod in rendered.pods().values():
        for peer, _ in allowed(rendered, pod["metadata"]["labels"], "Egress"):
            if "ipBlock" not in peer:
                continue
            block = ipaddress.ip_network(peer["ipBlock"]["cidr"])
            holes = [ipaddress.ip_network(each) for each in peer["ipBlock"].get("except", [])]
            assert all(hole.version == block.version and hole.subnet_of(block) and hole != block for hole in holes)
            assert wanted.version != block.version or wanted not in block or any(wanted in hole for hole in holes)


def test_an_upstream_outside_is_reached_over_https_alone(rendered: Rendered):
    wide = [(peer, port) for peer, port in allowed(rendered, rendered.node["metadata"]["labels"], "Egress")
            if peer.get("ipBlock", {}).get("cidr") in ("0.0.0.0/0", "::/0")]
    assert {port for _, port in wide} == {443} and len(wide) == 2


# ---- how many, and how they are reached

def fleet(rendered: Rendered) -> bool:
    return rendered.name != "dev"


def test_a_fleet_is_three_nodes_or_more_by_cpu_and_by_streams(rendered: Rendered):
    if not fleet(rendered):
        assert not rendered.all("HorizontalPodAutoscaler", "PodDisruptionBudget")
        return
    [scaler] = rendered.all("HorizontalPodAutoscaler")
    spec = scaler["spec"]
    assert spec["minReplicas"] >= 3 and spec["scaleTargetRef"]["name"] == "satgate"
    assert "replicas" not in rendered.one("Deployment", "satgate")["spec"], "an apply would undo what the autoscaler does"
    names = {metric["type"]: metric for metric in spec["metrics"]}
    assert set(names) == {"Resource", "Pods"} and names["Resource"]["resource"]["name"] == "cpu"
    metric = names["Pods"]["pods"]["metric"]["name"]
    told = (ROOT / "Sources/Telemetry/Metrics/MetricGlossary.swift").read_text()
    assert f'"{metric}":' in told, "the program has no such metric"
    assert f"seriesQuery: '{metric}{{" in (K8S / "components/fleet/autoscaler.yaml").read_text()
    down = spec["behavior"]["scaleDown"]
    assert down["stabilizationWindowSeconds"] >= 600 and [policy["value"] for policy in down["policies"]] == [10]


def test_maintenance_takes_one_at_a_time_and_is_not_stopped_by_nodes_that_are_not_ready(rendered: Rendered):
    if fleet(rendered):
        spec = rendered.one("PodDisruptionBudget", "satgate")["spec"]
        assert spec["maxUnavailable"] == 1 and spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_a_fleet_is_spread_over_zones_and_machines_per_rollout(rendered: Rendered):
    if fleet(rendered):
        spread = rendered.node["spec"]["topologySpreadConstraints"]
        assert [each["topologyKey"] for each in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
        assert all(each["matchLabelKeys"] == ["pod-template-hash"] and each["whenUnsatisfiable"] == "ScheduleAnyway" for each in spread)


def test_streams_pass_the_ingress_and_the_operators_port_is_not_behind_it(rendered: Rendered):
    if not fleet(rendered):
        return
    [ingress] = rendered.all("Ingress")
    said = {key.rpartition("/")[2]: value for key, value in ingress["metadata"]["annotations"].items()}
    assert said["proxy-buffering"] == said["proxy-request-buffering"] == "off" and said["proxy-http-version"] == "1.1"
    assert said["proxy-read-timeout"] == said["proxy-send-timeout"] == "3600"
    backends = [path["backend"]["service"] for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    assert backends == [{"name": "satgate", "port": {"name": "agents"}}]
    assert all(rule["host"] for rule in ingress["spec"]["rules"]) and ingress["spec"]["tls"]


def test_prometheus_is_sent_to_the_operators_service_alone(rendered: Rendered):
    if not fleet(rendered):
        return
    [monitor] = rendered.all("ServiceMonitor")
    ports = [endpoint["port"] for endpoint in monitor["spec"]["endpoints"]]
    found = [each["metadata"]["name"] for each in rendered.all("Service") if chosen(monitor["spec"]["selector"], each["metadata"]["labels"])
             and any(port["name"] in ports for port in each["spec"]["ports"])]
    assert found == ["satgate-admin"]


def test_a_gateway_can_stand_in_the_place_of_the_ingress(tmp_path: Path):
    here = os.path.relpath(K8S, tmp_path.resolve())
    production = yaml.safe_load((K8S / "overlays/production/kustomization.yaml").read_text())
    components = [each for each in production["components"] if not each.endswith("/ingress")]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": "satgate",
        "resources": [f"{here}/base"],
        "components": [each.replace("../..", here) for each in components] + [f"{here}/components/gateway"]}))
    rendered = Rendered("gateway", kustomized(tmp_path))
    [route] = rendered.all("HTTPRoute")
    jsonschema.validate(route, SHAPES["HTTPRoute"])
    assert not rendered.all("Ingress")
    [rule] = route["spec"]["rules"]
    assert rule["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    service = rendered.one("Service", rule["backendRefs"][0]["name"])
    assert [port["port"] for port in service["spec"]["ports"]] == [rule["backendRefs"][0]["port"]]
    found = {(peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], port)
             for peer, port in allowed(rendered, rendered.node["metadata"]["labels"], "Ingress")}
    assert found == {(route["spec"]["parentRefs"][0]["namespace"], "agents"), ("monitoring", "admin")}
