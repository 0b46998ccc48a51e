/// Who reads HTTP/1.1 from the sockets of agents and of upstreams. What is written is the same for both.
package enum HTTPCodec: String, Sendable, CaseIterable {
    /// The readers of this module, which go through the bytes once and build nothing that nobody asks for.
    case bytes
    /// NIOHTTP1 (llhttp); the heads that it takes are judged by the rules of this module too. Of what it makes no part of (blanks between the
    /// words of a request line, line ends ahead of a message, extensions of chunks, the digits of a chunk's size) only its own rules are kept.
    case strict
}
