/// The tools that the gateway itself answers.
package enum BuiltIn {
    /// Free, in every scope, answered by the node alone.
    package static let ping = ToolDefinition(
        name: "ping", description: "Answers pong. Free of charge: shows that the gateway is reached and the token is accepted.")
    /// What the ping tool says.
    package static let pingReply = "pong"
}
