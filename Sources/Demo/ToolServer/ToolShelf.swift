import Synchronization

/// The tools that a server shows, and who wants to know when they change; shared by its connections.
package final class ToolShelf: Sendable {
    private struct State {
        var tools: [DemoTool]
        var shown: Set<String>
        var listeners: [Int: @Sendable () -> Void] = [:]
        var nextListener = 0
    }

    private let state: Mutex<State>

    /// A shelf of all these tools that shows those named, else all.
    package init(_ tools: [DemoTool], showing names: Set<String>? = nil) {
        state = Mutex(State(tools: tools, shown: names ?? Set(tools.map(\.name))))
    }

    /// What is shown, in the order of the shelf.
    var tools: [DemoTool] { state.withLock { state in state.tools.filter { state.shown.contains($0.name) } } }

    /// A tool that is shown.
    func tool(_ name: String) -> DemoTool? {
        state.withLock { state in state.shown.contains(name) ? state.tools.first { $0.name == name } : nil }
    }

    /// Shows exactly these from now on; false, and no change, when one is not on the shelf.
    package func show(_ names: [String]) -> Bool {
        change { state in
            guard names.allSatisfy({ name in state.tools.contains { $0.name == name } }) else { return false }
            state.shown = Set(names)
            return true
        }
    }

    /// Gives a tool another description; false when there is no such tool.
    package func describe(_ name: String, as description: String) -> Bool {
        change { state in
            guard let index = state.tools.firstIndex(where: { $0.name == name }) else { return false }
            state.tools[index].description = description
            return true
        }
    }

    /// `tell` is called at each change until the listener with the answered number is forgotten.
    func listen(_ tell: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.nextListener += 1
            state.listeners[state.nextListener] = tell
            return state.nextListener
        }
    }

    /// Ends what `listen` began.
    func forget(_ listener: Int) { state.withLock { _ = $0.listeners.removeValue(forKey: listener) } }

    private func change(_ body: (inout State) -> Bool) -> Bool {
        let told = state.withLock { state in body(&state) ? Array(state.listeners.values) : nil }
        for tell in told ?? [] { tell() }
        return told != nil
    }
}

extension ToolShelf {
    /// A page of what is shown; nil for a cursor that was never given.
    func page(from cursor: String?, size: Int) -> (tools: ArraySlice<DemoTool>, next: String?)? {
        let tools = tools
        guard let start = cursor == nil ? 0 : Int(cursor ?? ""), start >= 0, start <= tools.count else { return nil }
        let end = min(tools.count, start + size)
        return (tools[start..<end], end < tools.count ? String(end) : nil)
    }
}
