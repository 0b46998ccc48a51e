import ArgumentParser
import Foundation
import Governance
import Store
import TimeZones

/// `satgate tenant`: the tenants' documents in Redis, which all nodes follow.
struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "Apply, read, compare and delete tenants' documents.",
        subcommands: [
            TenantApplyCommand.self, TenantGetCommand.self, TenantListCommand.self, TenantDiffCommand.self, TenantDeleteCommand.self,
        ])
}

/// The tenant a command works on.
struct TenantArgument: ParsableArguments {
    @Argument(help: "The tenant's name.")
    var name: String

    /// The name; what breaks the rule of names is wrong usage.
    func tenant() throws -> TenantName { try tenantName(name) }
}

/// The file of tenants that a command is given.
struct TenantsFileOption: ParsableArguments {
    @Option(name: .shortAndLong, help: "A YAML file of tenants; - reads it from standard input.")
    var file: String

    /// The tenants of the file, all valid; what is wrong goes to standard error as `file:line: reason`, exit 1.
    func tenants(zones: ZoneDatabase) throws -> [Tenant] {
        do throws(ConfigurationError) {
            guard file == "-" else { return try TenantsFile.read(file, zones: zones) }
            let text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
            return try TenantsFile.tenants(in: YAMLNode.parse(text, file: "-"), zones: zones)
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode.failure
        }
    }
}

extension StoreOptions.Connection {
    var tenants: RedisTenantStore { RedisTenantStore(redis: redis, names: names, operator: Operator.name) }
}

/// Why a command about tenants did not do it.
struct TenantFailure: Error, CustomStringConvertible {
    let description: String

    static func unknown(_ name: TenantName) -> TenantFailure { TenantFailure(description: "no such tenant: \(name)") }
}

extension StoredTenant {
    /// What stands around the document.
    var facts: [String: DocumentValue] {
        [
            "name": .text(tenant.name.text), "version": .number(String(version)), "source": .text(source.rawValue),
            "updatedAt": .text(Date(timeIntervalSince1970: Double(updatedAt) / 1000).ISO8601Format()),
        ]
    }
}
