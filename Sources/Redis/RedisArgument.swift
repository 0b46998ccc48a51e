/// One argument of a command, kept as it is until it is written to the socket's buffer.
package enum RedisArgument: Sendable, Hashable {
    case text(String)
    case bytes([UInt8])
    case integer(Int64)
}

extension RedisArgument: ExpressibleByStringLiteral {
    /// The literal as text.
    package init(stringLiteral value: String) { self = .text(value) }
}

extension RedisArgument: ExpressibleByIntegerLiteral {
    /// The literal as an integer.
    package init(integerLiteral value: Int64) { self = .integer(value) }
}
