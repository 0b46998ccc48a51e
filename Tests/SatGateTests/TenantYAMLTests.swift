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
            cap: 0.5
            default_budget: team
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
                timeout: 1500ms
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
