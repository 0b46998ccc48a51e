import ArgumentParser
import Governance
import Store

/// `satgate tenant get`: a stored document, with secrets only as the references that it holds.
struct TenantGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Print a tenant's document as YAML that apply takes again.")

    @OptionGroup var argument: TenantArgument
    @Flag(help: "Print JSON: the document, its version, its source and when it was written.")
    var json = false
    @OptionGroup var store: StoreOptions

    func run() async throws {
        let name = try argument.tenant()
        try await store.connected { connection in
            guard let stored = try await connection.tenants.find(name) else { throw TenantFailure.unknown(name) }
            let document = TenantCodec.value(of: stored.tenant)
            let text = json ? DocumentValue.object(stored.facts.merging(["document": document]) { first, _ in first }).json + "\n" : nil
            print(text ?? TenantYAML.text(of: [document]), terminator: "")
        }
    }
}
