/// The lists of a server that it tells the changes of; templates change with the resources.
package struct ListKinds: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let tools = ListKinds(rawValue: 1)
    package static let prompts = ListKinds(rawValue: 2)
    package static let resources = ListKinds(rawValue: 4)
    package static let all: ListKinds = [.tools, .prompts, .resources]
}
