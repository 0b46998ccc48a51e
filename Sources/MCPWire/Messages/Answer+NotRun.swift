extension Answer {
    /// Whether the answer proves that the call did not run: a JSON-RPC error of parsing, form, method or parameters, or, without a handshake,
    /// of headers, capabilities or revision.
    package var provesNotRun: Bool {
        guard case .error(let code) = kind else { return false }
        return [-32700, -32600, -32601, -32602].contains(code) || era == .modern && isModernError
    }

    /// Whether it is one of the errors that only revisions without a handshake define.
    package var isModernError: Bool {
        guard case .error(let code) = kind else { return false }
        return [ErrorCode.headerMismatch, ErrorCode.missingCapability, ErrorCode.unsupportedVersion].contains(code)
    }
}

/// Numbers of errors that satgate reads.
package enum ErrorCode {
    package static let parse = -32700
    package static let invalidRequest = -32600
    package static let methodNotFound = -32601
    package static let invalidParams = -32602
    package static let internalError = -32603
    /// Of revisions with a handshake only.
    package static let resourceNotFound = -32002
    /// Of revisions with a handshake only: the user has to visit a page first.
    package static let needsURL = -32042
    package static let headerMismatch = -32020
    package static let missingCapability = -32021
    package static let unsupportedVersion = -32022
}
