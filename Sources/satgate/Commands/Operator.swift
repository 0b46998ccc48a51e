import Foundation
import Glibc

/// Who runs a command.
enum Operator {
    /// The user's name, or `uid <number>` where it has none.
    static var name: String {
        let name = NSUserName()
        return name.isEmpty ? "uid \(getuid())" : name
    }
}
