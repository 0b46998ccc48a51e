import Gateway
import Governance
import OAuth
import TimeZones

/// Looks at the files that a node reads.
struct FilesCheck {
    let settings: NodeConfiguration

    func findings() -> [Finding] { keys() + administrators() + oauth() + zones() + tenants() }

    private func keys() -> [Finding] {
        var findings: [Finding] = []
        do throws(ConfigurationError) {
            let ring = try KeysFile.read(settings.keysFile)
            for key in ring.keys where key.tenant == nil {
                findings.append(
                    .warning(
                        "keys", "the root key \(key.id) is of any tenant",
                        why: "who holds a token of it without tenant_id can name any tenant",
                        fix: "use a key for each tenant"))
            }
            findings.append(.good("keys", "\(ring.keys.count) root keys in \(settings.keysFile)"))
        } catch {
            findings.append(.failure("keys", "\(error)", why: "a node would not start", fix: "correct the file"))
        }
        return findings
    }

    private func administrators() -> [Finding] {
        guard let file = settings.adminTokensFile else {
            return [
                .warning(
                    "configuration", "admin.tokens_file is not set", why: "nobody can use the admin API and the dashboard",
                    fix: "write a file of admin tokens, and name it")
            ]
        }
        do throws(ConfigurationError) {
            let entries = try AdminTokensFile.read(file)
            return [.good("configuration", "\(entries.count) admin tokens in \(file)")]
        } catch {
            return [.failure("configuration", "\(error)", why: "a node would not start", fix: "correct the file")]
        }
    }

    private func oauth() -> [Finding] {
        guard let file = settings.oauthFile else { return [] }
        do throws(ConfigurationError) {
            let issuers = try OAuthFile.read(file).issuers
            let open = issuers.filter(\.tenant.isOpen).map { terms in
                Finding.warning(
                    "oauth", "\(terms.issuer) may name any tenant", why: "whoever controls a claim of its tokens is in every tenant",
                    fix: "list the tenants in tenant.values")
            }
            return open + [.good("oauth", "\(issuers.count) issuers in \(file)")]
        } catch {
            return [.failure("oauth", "\(error)", why: "a node would not start", fix: "correct the file")]
        }
    }

    private func zones() -> [Finding] {
        let zones = ZoneDatabase(directory: settings.zones)
        guard ZoneName("UTC").map(zones.knows) == true, ZoneName("Europe/Berlin").map(zones.knows) == true else {
            return [
                .failure(
                    "zones", "no zone database in \(settings.zones)", why: "documents whose windows name a zone are refused",
                    fix: "install tzdata, or set zones to its directory")
            ]
        }
        return [.good("zones", "the zone database is in \(settings.zones)")]
    }

    private func tenants() -> [Finding] {
        guard let file = settings.tenantsFile else { return [] }
        do throws(ConfigurationError) {
            let count = try TenantsFile.read(file, zones: ZoneDatabase(directory: settings.zones)).count
            return [.good("tenants", "\(count) tenants in \(file)")]
        } catch {
            return [.failure("tenants", "\(error)", why: "a node would not start", fix: "correct the file")]
        }
    }
}
