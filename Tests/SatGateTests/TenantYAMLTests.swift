import Governance
import Store
import Testing
import TimeZones

@testable import satgate

@Suite struct TenantYAMLTests {
    private static let text = #"""
        tenants:
          - name: acme
            budgets:
              team:
                limit: 1000
                mode: soft
                window: day
                zone: Europe/Berlin
            cap: 0.5
            default_budget: team
            durability:
              mode: durable
              timeout: 300ms
            mode: observe
            rate_limits:
              tenant: "1000/s"
              token:
                burst: 20
                limit: "100/minute"
              tools:
                "deep_*": "10/day"
            tariff:
              tools:
                "*": 2
                "deep_*": 5
            upstreams:
              - name: search
                headers:
                  Authorization: "Bearer ${env:SEARCH_TOKEN}"
                  X-Words: "\"\\\t"
                  X.Odd: "a: b # c"
                limits:
                  calls: 7
                reports_cost: true
                tariff:
                  default: 2
                timeout: 1500ms
                trust_hints: true
                url: "https://search.example/mcp?a=b"
              - name: files
                command:
                  - mcp-files
                  - "--root"
                  - "true"
                  - ""
                environment:
                  A_KEY: "${file:/run/key}"
          - name: "1st"
            cap:
              limit: 1
              window: month
            unbudgeted: allow
            upstreams: []

        """#

    @Test("a document is printed as YAML that is read as the same document")
    func roundTrip() throws {
        let tenants = try TenantsFile.tenants(in: YAMLNode.parse(Self.text, file: "t.yaml"), zones: ZoneDatabase())
        #expect(TenantYAML.text(of: tenants.map { TenantCodec.value(of: $0) }) == Self.text)
        #expect(TenantYAML.text(of: []) == "tenants: []\n")
    }

    @Test("a difference is told line by line")
    func diff() {
        let changes = TenantDiffCommand.changes(from: ["name: a", "cap: 1", "x"], to: ["name: a", "cap: 2", "x", "y"])
        #expect(changes == [" name: a", "-cap: 1", "+cap: 2", " x", "+y"])
        #expect(TenantDiffCommand.changes(from: [], to: ["a"]) == ["+a"])
        #expect(TenantDiffCommand.changes(from: ["a"], to: []) == ["-a"])
    }
}
