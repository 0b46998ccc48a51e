import HTTPFuzz
import HTTPWire

/// What our reader makes of requests that come in these pieces.
func requests(_ pieces: [[UInt8]], _ limits: HTTPLimits = HTTPLimits(), by codec: HTTPCodec = .bytes) -> Reading {
    .requests(pieces.map { $0[...] }, limits, by: codec)
}

/// What our reader makes of responses that come in these pieces, after which the connection closes.
func responses(_ pieces: [[UInt8]], _ limits: HTTPLimits = HTTPLimits(), by codec: HTTPCodec = .bytes) -> Reading {
    .responses(pieces.map { $0[...] }, limits, by: codec)
}

func requests(_ text: String, _ limits: HTTPLimits = HTTPLimits(), by codec: HTTPCodec = .bytes) -> Reading {
    requests([Array(text.utf8)], limits, by: codec)
}

func responses(_ text: String, _ limits: HTTPLimits = HTTPLimits(), by codec: HTTPCodec = .bytes) -> Reading {
    responses([Array(text.utf8)], limits, by: codec)
}
