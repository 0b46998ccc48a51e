import Events
import Synchronization

/// Keeps the events it is given.
final class EventRecorder: EventSink {
    private let events: Mutex<[Event]> = Mutex([])

    func publish(_ event: Event) { events.withLock { $0.append(event) } }

    /// All of one kind, oldest first.
    func all(_ kind: Event.Kind) -> [Event] { events.withLock { $0.filter { $0.kind == kind } } }
}

extension Event {
    /// The text of a field of its data.
    func text(_ key: String) -> String? {
        guard case .text(let text)? = data.pairs.first(where: { $0.key == key })?.value else { return nil }
        return text
    }
}
