extension Answer {
    /// Whether the answer proves that the call did not run: a JSON-RPC error of parsing, form, method or parameters.
    package var provesNotRun: Bool {
        guard case .error(let code) = kind else { return false }
        return [-32700, -32600, -32601, -32602].contains(code)
    }
}
