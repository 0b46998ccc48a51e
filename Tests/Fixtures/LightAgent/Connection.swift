import Glibc

/// One HTTP/1.1 connection to a port of loopback that blocks its thread: with a thread to each, nothing is cheaper in a debug build.
final class Connection {
    /// The connection is of no use any more; whether the request arrived is unknown.
    struct Lost: Error {
        let reason: String
    }

    /// A peer that is gone is an error, no signal.
    private static let noSignal = Int32(0x4000)

    private let descriptor: Int32
    private let patience: Double
    /// What one look brings. Kept, for to make one is dear in a debug build.
    private var piece = [UInt8](repeating: 0, count: 16_384)

    /// `patience`: seconds that an answer may take.
    init(port: UInt16, patience: Double) throws(Lost) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.patience = patience
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var limit = timeval(tv_sec: Int(patience), tv_usec: Int(patience.truncatingRemainder(dividingBy: 1) * 1_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) == 0 }
        }
        guard isConnected else { throw Lost(reason: "connect") }
    }

    deinit { close(descriptor) }

    /// Sends the request and waits for the whole answer.
    func exchange(_ request: [UInt8]) throws(Lost) -> HTTPAnswer {
        try write(request)
        let end = Clock.now + patience
        var bytes: [UInt8] = []
        while true {
            let count = piece.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            let failure = errno
            if count > 0 { bytes.append(contentsOf: piece[..<count]) }
            if count == 0 { throw Lost(reason: "closed") }
            if count < 0 { throw Lost(reason: failure == EAGAIN ? "no answer" : "reset") }
            if let answer = HTTPAnswer(bytes) { return answer }
            if Clock.now > end { throw Lost(reason: "no answer") }
        }
    }

    private func write(_ request: [UInt8]) throws(Lost) {
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes {
                send(descriptor, $0.baseAddress?.advanced(by: sent), request.count - sent, Self.noSignal)
            }
            guard count > 0 else { throw Lost(reason: "reset") }
            sent += count
        }
    }
}

/// The monotonic clock, which all processes of a machine share.
enum Clock {
    /// Seconds.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
