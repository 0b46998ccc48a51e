import Foundation
import Glibc

/// Who runs a command.
enum Operator {
    /// For events: `cli:` and the user's name, or `cli:uid <number>` where it has none.
    static var name: String {
        let name = NSUserName()
        return "cli:" + (name.isEmpty ? "uid \(getuid())" : name)
    }
}
