import ArgumentParser

/// The program: an MCP proxy node and the tools around it.
@main
struct SatGate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satgate",
        abstract: "A proxy between AI agents and their MCP tool servers that checks tokens and enforces budgets.",
        version: SatGateVersion.text,
        subcommands: [
            ServeCommand.self, DemoCommand.self, TokenCommand.self, TenantCommand.self, BudgetCommand.self, UpstreamsCommand.self,
            SessionsCommand.self, NodesCommand.self, EventsCommand.self, DoctorCommand.self, HealthCommand.self,
            CompletionsCommand.self, GuardCommand.self,
        ])
}

/// The version of this build.
enum SatGateVersion {
    static let text = "0.1.0"
}
