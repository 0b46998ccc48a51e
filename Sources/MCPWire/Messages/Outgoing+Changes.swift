extension Outgoing {
    /// `notifications/…/list_changed` of each kind; tagged where it goes to the subscription that a request of that id has opened.
    package static func listChanged(_ kinds: ListKinds, to subscription: RequestID? = nil) -> [[UInt8]] {
        Announcement.all.filter { kinds.contains($0.kind) }.map { each in
            notification(each.method) { out in
                JSONText.append(raw: "{", to: &out)
                if let subscription { appendMeta(of: subscription, to: &out) }
                JSONText.append(raw: "}", to: &out)
            }
        }
    }

    /// `notifications/resources/updated`, tagged likewise.
    package static func resourceUpdated(_ uri: String, to subscription: RequestID? = nil) -> [UInt8] {
        notification(Method.resourceUpdated) { out in
            JSONText.append(raw: "{", to: &out)
            if let subscription {
                appendMeta(of: subscription, to: &out)
                JSONText.append(raw: ",", to: &out)
            }
            JSONText.append(raw: #""uri":"#, to: &out)
            JSONText.append(string: uri, to: &out)
            JSONText.append(raw: "}", to: &out)
        }
    }

    /// `notifications/subscriptions/acknowledged`: the first message of a subscription, with what it will tell.
    package static func acknowledged(_ filter: SubscriptionFilter, of subscription: RequestID) -> [UInt8] {
        notification(Method.acknowledged) { out in
            JSONText.append(raw: "{", to: &out)
            appendMeta(of: subscription, to: &out)
            JSONText.append(raw: #","notifications":"#, to: &out)
            filter.append(to: &out)
            JSONText.append(raw: "}", to: &out)
        }
    }

    /// The answer to `subscriptions/listen`: the last message of a subscription that the gateway ends.
    package static func subscriptionEnded(_ subscription: RequestID, by responder: Responder) -> [UInt8] {
        result(subscription) { out in
            JSONText.append(raw: "{", to: &out)
            out += Responder.completeness
            JSONText.append(raw: #","_meta":{"#, to: &out)
            out += responder.identity
            JSONText.append(raw: ",", to: &out)
            appendTag(subscription, to: &out)
            JSONText.append(raw: "}}", to: &out)
        }
    }

    private static func appendMeta(of subscription: RequestID, to out: inout [UInt8]) {
        JSONText.append(raw: #""_meta":{"#, to: &out)
        appendTag(subscription, to: &out)
        JSONText.append(raw: "}", to: &out)
    }

    private static func appendTag(_ subscription: RequestID, to out: inout [UInt8]) {
        JSONText.append(string: MetaKey.subscriptionID, to: &out)
        JSONText.append(raw: ":", to: &out)
        out += subscription.raw
    }
}
