/// How the end of a body is known.
enum BodyForm: Hashable {
    case length(Int)
    case chunked
    /// The sender closes the connection.
    case untilClose
}
