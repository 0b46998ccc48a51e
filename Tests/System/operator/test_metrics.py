"""`/metrics`, and what is built on it: the rules and the dashboard of k8s/monitoring, and the README's table."""
from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
import yaml

from testbed.agent import Agent
from testbed.node import attenuate
from testbed.process import eventually
from testbed.prometheus import Prometheus, page, promtool, samples

ROOT = Path(__file__).resolve().parents[3]
MONITORING = ROOT / "k8s" / "monitoring"
NAME = re.compile(r"\b(?:satgate|process)_[a-z_]+\b")


def base(name: str) -> str:
    """The metric that a series of a histogram belongs to."""
    return re.sub(r"_(bucket|sum|count)$", "", name)


def rules() -> list[dict]:
    document = yaml.safe_load((MONITORING / "rules.yaml").read_text())
    return document["spec"]["groups"]


async def traffic(site, calls: int = 3) -> None:
    async with Agent(site.cell.mint("acme")) as agent, Agent(site.cell.mint("acme", "--budget-limit", "1")) as poor:
        for each in (agent, poor):
            await each.open(site.a)
        for _ in range(calls):
            assert (await agent.call(site.a, "echo", text="x")).result
            await poor.call(site.a, "echo", text="x")


async def test_promtool_finds_nothing_wrong_with_the_page(site):
    await traffic(site)
    checked = promtool("check", "metrics", text=page(site.a))
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


async def test_calls_credits_and_refusals_are_counted(site):
    def counted() -> dict[str, float]:
        found = samples(page(site.a))
        names = ('satgate_calls_total{outcome="ok"}', "satgate_charged_credits_total", 'satgate_refusals_total{reason="insufficient_budget"}',
                 "satgate_call_duration_seconds_count", 'satgate_upstream_calls_total{outcome="answered"}',
                 'satgate_stage_duration_seconds_count{stage="reserve"}', 'satgate_refusals_total{reason="unauthenticated"}')
        return {name: found[name] for name in names}
    before = counted()
    await traffic(site, 4)
    async with Agent("nonsense") as stranger:
        assert (await stranger.ask(site.a, "ping")).status == 401
    grown = {name: value - before[name] for name, value in counted().items()}
    assert grown == {
        'satgate_calls_total{outcome="ok"}': 4, "satgate_charged_credits_total": 8, 'satgate_refusals_total{reason="insufficient_budget"}': 4,
        "satgate_call_duration_seconds_count": 4, 'satgate_upstream_calls_total{outcome="answered"}': 4,
        'satgate_stage_duration_seconds_count{stage="reserve"}': 8, 'satgate_refusals_total{reason="unauthenticated"}': 1}


def test_levels_follow_what_the_node_has(site):
    def level(name: str) -> float:
        return samples(page(site.a))[name]
    eventually("the node is ready", lambda: level("satgate_ready") == 1)
    eventually("both nodes are alive", lambda: level("satgate_nodes_alive") >= 2)
    eventually("the upstreams of both tenants are up at least", lambda: level('satgate_upstreams{standing="up"}') >= 2)
    assert level("process_resident_memory_bytes") > 1 << 20 and level("process_open_fds") > 5 and level("process_cpu_seconds_total") > 0
    version = site.operators.get(site.a, "me")["version"]
    assert level(f'satgate_build_info{{version="{version}"}}') == 1


async def test_many_names_make_no_more_series(site):
    await traffic(site)
    async with Agent(site.cell.mint("acme")) as agent:
        await agent.open(site.a)
        assert (await agent.call(site.a, "no-such-tool", text="x")).code == -32602
        before = set(samples(page(site.a)))
        for number in range(200):
            await agent.call(site.a, f"tool-{number}", text="x")
        for number in range(5):
            async with Agent(attenuate(site.cell.mint("other"), f"label = l{number}")) as other:
                await other.open(site.a)
                await other.call(site.a, "echo", text="x")
    text = page(site.a)
    assert set(samples(text)) == before
    assert not re.search(r"\b(acme|echo|light)\b|tool-1", text), "neither tenants nor tools are told apart"


def test_the_page_is_at_the_operators_port_only(site):
    assert httpx.get(f"{site.a.base}/metrics", trust_env=False).status_code == 404


def test_every_metric_named_in_rules_and_dashboard_exists(site):
    there = {base(re.split(r"[{ ]", name)[0]) for name in samples(page(site.a))}
    dashboard = json.loads((MONITORING / "satgate.json").read_text())
    expressions = [rule["expr"] for group in rules() for rule in group["rules"]]
    expressions += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [each["query"] for each in dashboard["templating"]["list"] if "satgate" in each["query"]]
    named = {base(name) for expression in expressions for name in NAME.findall(expression)}
    assert len(named) > 20 and named <= there, sorted(named - there)
    assert {name for name in there if name.startswith(("satgate_", "process_"))} <= named | {"satgate_build_info"}, "each is shown somewhere"
    labels = set(re.findall(r"[{,](\w+)=", page(site.a)))
    used = {label for expression in expressions for label in re.findall(r"(?:[{,] ?|by \()(\w+)(?:=|!|\))", expression)}
    assert used <= labels | {"instance"}, used - labels


def test_the_readme_says_what_each_metric_means(site):
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", page(site.a), re.M))
    table = dict(re.findall(r"^\| `((?:satgate|process)_\w+)`[^|]*\| (.*?) \|$", (ROOT / "README.md").read_text(), re.M))
    assert {name: text for name, text in helps.items() if name.startswith("satgate_")} == {
        name: text for name, text in table.items() if name.startswith("satgate_")}
    assert {name for name in helps if not name.startswith("satgate_")} >= {"process_cpu_seconds_total", "process_start_time_seconds"}


def test_promtool_accepts_the_rules(site, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": rules()}))
    checked = promtool("check", "rules", str(file))
    assert checked.returncode == 0 and "FAILED" not in checked.stdout + checked.stderr, checked.stdout + checked.stderr
    assert f"SUCCESS: {sum(len(group['rules']) for group in rules())} rules found" in checked.stdout


def test_the_alerts_fire_when_they_should_and_not_before(tmp_path):
    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": rules()}))
    quiet = {"satgate_ready": "1+0x60", "satgate_nodes_alive": "1+0x60", 'satgate_upstreams{standing="down"}': "0+0x60"}
    bad = {
        "SatgateNotReady": {"satgate_ready": "0+0x60"}, "SatgateGone": {"satgate_ready": "_x60"},
        "SatgateNodesUnseen": {"satgate_nodes_alive": "2+0x60"},
        "SatgateRedisErrors": {'satgate_redis_errors_total{kind="unavailable"}': "0+60x60"},
        "SatgateRefusals": {'satgate_refusals_total{reason="no_account"}': "0+1x60"},
        "SatgateTokensRefused": {'satgate_refusals_total{reason="unauthenticated"}': "0+600x60"},
        "SatgateHoldsLapse": {"satgate_holds_lapsed_total": "0+1x60"}, "SatgateSettlementsWait": {"satgate_settlements_waiting": "101+0x60"},
        "SatgateEventsDropped": {"satgate_events_dropped_total": "0+1x60"}, "SatgateUpstreamsDown": {'satgate_upstreams{standing="down"}': "1+0x60"},
        "SatgateUpstreamsFail": {'satgate_upstream_calls_total{outcome="broken"}': "0+2x60", 'satgate_upstream_calls_total{outcome="answered"}': "0+9x60"},
        "SatgateRedisSlow": {f'satgate_redis_round_trip_seconds_bucket{{le="{le}"}}': f"0+{n}x60" for le, n in (("0.05", 90), ("0.1", 99), ("+Inf", 99))},
        "SatgateLoopLag": {f'satgate_event_loop_lag_seconds_bucket{{le="{le}"}}': f"0+{n}x60" for le, n in (("0.25", 9), ("0.5", 99), ("+Inf", 99))},
        "SatgateCallsSlow": {
            f'satgate_stage_duration_seconds_bucket{{stage="settle",le="{le}"}}': f"0+{n}x60" for le, n in (("0.1", 9), ("0.25", 99), ("+Inf", 99))}}
    bad |= {
        "SatgateConnectionsShed": {'satgate_connections_shed_total{reason="node"}': "0+9x60"},
        "SatgateCertificateRefused": {'satgate_tls_reloads_total{port="agents",outcome="refused"}': "0+1x60"},
        "SatgateIssuerKeysMissed": {'satgate_oauth_fetches_total{issuer="https://login.example",outcome="failed"}': "0+1x60"},
        "SatgateCertificateEnds": {'satgate_tls_certificate_end_seconds{port="agents"}': "5000+0x60"}}
    assert set(bad) == {rule["alert"] for group in rules() for rule in group["rules"]}
    tests = []
    for alert, series in {"": {}, **bad}.items():
        told = {**quiet, **series}
        input_series = [{"series": name[:-1] + ',instance="n"}' if name.endswith("}") else name + '{instance="n"}', "values": values}
                        for name, values in told.items()]
        expressions = [{"expr": f'count(ALERTS{{alertstate="firing",alertname="{each}"}}) or vector(0)', "eval_time": "30m",
                        "exp_samples": [{"labels": "{}", "value": int(each == alert)}]} for each in bad]
        tests.append({"interval": "1m", "input_series": input_series, "promql_expr_test": expressions})
    (tmp_path / "tests.yaml").write_text(json.dumps({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}))
    tested = promtool("test", "rules", str(tmp_path / "tests.yaml"))
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_the_component_is_whole():
    component = yaml.safe_load((MONITORING / "kustomization.yaml").read_text())
    files = component["resources"] + [file for each in component["configMapGenerator"] for file in each["files"]]
    assert sorted(files + ["kustomization.yaml"]) == sorted(file.name for file in MONITORING.iterdir())
    monitor = yaml.safe_load((MONITORING / "service-monitor.yaml").read_text())
    assert [endpoint["path"] for endpoint in monitor["spec"]["endpoints"]] == ["/metrics"]


@pytest.fixture
def prometheus(site, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": rules()}))
    server = Prometheus(tmp_path, [site.a, site.b], file)
    yield server
    assert server.stop() == 0


async def test_a_real_prometheus_scrapes_the_nodes_and_evaluates_rules_and_panels(site, prometheus):
    await traffic(site)
    eventually("both nodes are scraped", lambda: prometheus.value('sum(up{job="satgate"})') == 2)
    eventually("it has what was counted", lambda: (prometheus.value('sum(satgate_calls_total{outcome="ok"})') or 0) >= 3)
    assert prometheus.value("sum(satgate_ready)") == 2

    def evaluated() -> bool:
        groups = prometheus.get("rules")["groups"]
        return [rule["health"] for group in groups for rule in group["rules"]] == ["ok"] * sum(len(group["rules"]) for group in rules())
    eventually("every rule is evaluated", evaluated)
    dashboard = json.loads((MONITORING / "satgate.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            query = target["expr"].replace("$__rate_interval", "10s").replace("$instance", ".*")
            prometheus.get("query", query=query)
    assert prometheus.value("histogram_quantile(0.99, sum by (le) (satgate_call_duration_seconds_bucket))") > 0
