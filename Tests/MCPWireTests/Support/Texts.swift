@testable import MCPWire

/// The bytes of a text.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The text of bytes.
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The message that a text is.
func message(_ text: String) throws -> Message { try Message(bytes(text)) }

/// The call that a text is.
func toolCall(_ text: String) throws -> ForwardedRequest { try ForwardedRequest(message(text)) }

/// The answer that a text is.
func answer(_ text: String) throws -> Answer { try Answer(message(text)) }

/// The text without the white space between JSON's tokens.
func compact(_ json: [UInt8]) -> String {
    var out: [UInt8] = []
    var isString = false
    var isEscaped = false
    for byte in json {
        if isString {
            if byte == UInt8(ascii: "\""), !isEscaped { isString = false }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        } else if byte == UInt8(ascii: "\"") {
            isString = true
        } else if [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
            continue
        }
        out.append(byte)
    }
    return text(out)
}
