import ArgumentParser
import Foundation
import Store

/// `satgate doctor`: what is wrong or risky about the settings, Redis, the files, the upstreams and the nodes, and what to do.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look for what is wrong or risky, and say what to do.",
        discussion: "Takes the same settings as serve. Exit 0 where all is good, 1 where there are warnings alone, 2 where something fails."
    )

    @Flag(help: "Print JSON.")
    var json = false
    @Flag(help: "Only print the rule that gives a Redis user the rights that nodes need.")
    var acl = false
    @Option(help: "The user's name in that rule.")
    var user = "satgate"
    @OptionGroup var store: StoreOptions

    func validate() throws {
        guard user.wholeMatch(of: /[A-Za-z0-9._-]{1,64}/) != nil else { throw ValidationError("--user must be a name") }
    }

    func run() async throws {
        let check = SettingsCheck(file: store.config, environment: ProcessInfo.processInfo.environment)
        let (findings, settings) = await check.findings()
        if acl { return print(RedisAccess.rule(user: user, prefix: settings?.redis.prefix ?? RedisSettings().prefix)) }
        var all = findings
        if let settings {
            all += FilesCheck(settings: settings).findings() + SecretsCheck(settings: settings).findings()
            all += CertificatesCheck(settings: settings).findings()
            all += await IssuersCheck(settings: settings).findings()
        }
        all += await cluster(settings)
        print(json ? try Finding.json(all) : Self.text(all), terminator: "")
        switch all.map(\.grade).max() ?? .good {
        case .good: break
        case .warning: throw ExitCode(1)
        case .failure: throw ExitCode(2)
        }
    }

    private func cluster(_ settings: NodeConfiguration?) async -> [Finding] {
        let progress = Progress("looking")
        let found = FoundBox()
        do {
            try await store.connected(progress) { connection in
                progress.note("Redis")
                found.add(await RedisCheck(connection: connection, settings: settings?.redis ?? RedisSettings()).findings())
                progress.note("tenants")
                found.add(try await DurabilityCheck(connection: connection).findings())
                progress.note("upstreams")
                found.add(try await ClusterCheck(connection: connection, store: store).findings())
            }
        } catch {
            // `connected` has said on standard error what it was.
            found.add([
                .failure(
                    "redis", "it is out of reach, or refuses", why: "without Redis every call is refused",
                    fix: "look at the server and at redis.url")
            ])
        }
        return found.all
    }

    static func text(_ findings: [Finding]) -> String {
        func count(_ grade: Finding.Grade) -> Int { findings.count { $0.grade == grade } }
        let sum = "\(count(.good)) good, \(count(.warning)) warnings, \(count(.failure)) failures\n"
        return findings.map(\.text).joined() + sum
    }

    /// What was found before something failed counts too.
    private final class FoundBox {
        private(set) var all: [Finding] = []
        func add(_ more: [Finding]) { all += more }
    }
}
