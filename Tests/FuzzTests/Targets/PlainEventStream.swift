import MCPWire

/// An event stream read slowly, word for word as the HTML standard has it.
enum PlainEventStream {
    static func events(in bytes: [UInt8]) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        var (data, name, id, retry): ([UInt8]?, String?, String?, Int?) = (nil, nil, nil, nil)
        for line in lines(of: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes) {
            guard !line.isEmpty else {
                if let data { events.append(ServerSentEvent(id: id, name: name == "" ? nil : name, data: data, retry: retry)) }
                (data, name, retry) = (nil, nil, nil)
                continue
            }
            let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
            var value = line[colon...].dropFirst()
            if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
            switch Array(line[..<colon]) {
            case Array("data".utf8): data = data.map { $0 + [0x0A] + value } ?? Array(value)
            case Array("event".utf8): name = String(decoding: value, as: UTF8.self)
            case Array("id".utf8) where !value.contains(0): id = value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
            case Array("retry".utf8) where !value.isEmpty && value.allSatisfy({ (0x30...0x39).contains($0) }):
                retry = Int(String(decoding: value, as: UTF8.self))
            default: break
            }
        }
        return events
    }

    /// The lines that have ended, by CR, LF or both.
    private static func lines(of bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case 0x0A where index > 0 && bytes[index - 1] == 0x0D: break
            case 0x0A, 0x0D:
                lines.append(line)
                line = []
            default: line.append(byte)
            }
        }
        return lines
    }
}
