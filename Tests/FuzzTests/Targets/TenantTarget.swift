import Governance
import Store
import TimeZones

@testable import satgate

extension FuzzTarget {
    /// Tenants' documents: JSON as the admin API takes it where they begin with `{`, else a file of tenants. What is read is the same when it
    /// is written and read again, by the node that takes it in and by those that have it from Redis.
    static let tenant = FuzzTarget(
        "tenant",
        seeds: [
            #"{"name":"acme","upstreams":[{"name":"u","url":"https://x.example/mcp","headers":{"X-A":"${env:A}"},"timeout":"90s","pin_tools":true}],"tariff":{"default":1,"tools":{"deep_*":5}},"budgets":{"team":{"limit":1000,"window":"month","zone":"Europe/Berlin"}},"default_budget":"team","cap":0.000001,"mode":"soft"}"#,
            #"{"name":"a","upstreams":[{"name":"p","command":["run","x"],"environment":{"T":"${file:/run/t}"},"limits":{"calls":8,"waiting":0}}],"unbudgeted":"allow","naming":"always"}"#,
            """
            tenants:
            - name: acme
              upstreams:
              - {name: u, url: "https://api.example/mcp", transport: sse, sessions: shared, oauth: {token_url: "https://id.example/t", client_id: me, client_secret: "${env:S}"}}
              tariff: {default: 1, tools: {"deep_*": 5}}
              budgets: {team: {limit: 10, window: day}}
              rate_limits: {tenant: 1000/s, token: {limit: 100/minute, burst: 20}, tools: {"deep_*": 10/minute}}
              durability: {mode: durable, replicas: 1, timeout: 1s}
            """,
            "tenants: &a\n- name: *a\n  upstreams: []\n", "tenants:\n- name: a\n  upstreams: []\n  cap: 1e3\n",
        ].map { .init(of: $0) },
        words: [
            "{", "}", "[", "]", ",", ":", "- ", "\n", "\n  ", "\"", "'", "|", ">", "&a ", "*a", "!!str ", "<<: ", "? ", "# ", "---\n",
            "...\n", "%YAML 1.1\n",
            "null", "true", "~", "1e999", "0x10", "-1", "${env:A}", "${file:/a}", "${", "\"name\":", "\"upstreams\":", "\"tariff\":",
            "\"budgets\":",
            "\"window\":", "\"zone\":\"UTC\"", "\"cap\":", "\"mode\":\"hard\"", "\"rate_limits\":", "\"durability\":", "\u{2028}", "\u{0}",
            "\\u0000",
            "\u{FEFF}", "\t",
        ]
    ) { bytes in
        bytes.first == UInt8(ascii: "{") ? TenantCase.flaw(ofJSON: bytes) : TenantCase.flaw(ofFile: String(decoding: bytes, as: UTF8.self))
    }
}

/// What must hold of tenants' documents.
enum TenantCase {
    private static let zones = ZoneDatabase()
    private static let reader = TenantDocumentReader(zones: zones)

    static func flaw(ofJSON bytes: [UInt8]) -> String? {
        guard let tenant = try? reader.tenant(in: bytes) else { return nil }
        return flaw(of: tenant)
    }

    static func flaw(ofFile text: String) -> String? {
        guard let tenants = try? TenantsFile.tenants(in: YAMLNode.parse(text, file: "t.yaml"), zones: zones) else { return nil }
        return tenants.lazy.compactMap { flaw(of: $0) }.first
    }

    private static func flaw(of tenant: Tenant) -> String? {
        let text = TenantCodec.text(of: tenant)
        guard let stored = try? TenantCodec.tenant(in: text), stored == tenant else { return "is another when it comes from Redis" }
        guard let again = try? reader.tenant(in: Array(text.utf8)), again == tenant else { return "is another when it is applied again" }
        let file = TenantYAML.text(of: [TenantCodec.value(of: tenant)])
        let written = try? TenantsFile.tenants(in: YAMLNode.parse(file, file: "t.yaml"), zones: zones)
        return written == [tenant] ? nil : "is another when it is written as a file"
    }
}
