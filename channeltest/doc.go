// Package channeltest tests an application's channels from where their clients stand: in memory, through the real connect, routing, serializers,
// shards, processes and PubSub; everything but the network is what production runs.
//
// # Terms
//
// An [App] is one user socket, started for a test. A [Client] is a connection to it, a [Channel] the client's side of a joined topic, a [Push] a message of the
// client that may be replied to. Want methods look for a message among those that the client has got and that no other Want has taken; they take the first that
// fits and fail the test if none does. Refute methods fail the test if one fits. Both say what was wanted and all that the client has got.
//
// A pattern is what a payload is compared with: [Any] or nil fits every payload; a func(json.RawMessage) bool decides; channel.Binary is compared byte by
// byte; any other value is compared as the JSON that it encodes to, in which a map fits if the keys that it names fit ([Any] may stand in it), and a
// list if it is as long and its elements fit.
//
// # Order
//
// A test that runs in a bubble of testing/synctest, which is the way to write them, waits until nothing moves any more: then "nothing comes" is certain, and
// costs no time. Virtual time goes on only when the test sleeps. Outside of bubbles a Want waits up to [Config.Timeout] and a Refute waits that long.
// An App and all that belongs to it is used from the goroutine of the test.
//
// When the test ends, an App closes its clients and fails the test if a channel has crashed that no [Channel.WantError] has asked for, if a callback does
// not return after its client has gone, and if a value was changed after it had been published ([pubsub.Config].Strict).
//
// # Limits
//
// There is no network: no frames, no idle time-outs, no bound on what waits to be sent. Tests of those use a real endpoint and a real client.
// Clients come by "websocket"; [transport.Shards.Drain] does not know them, [App.Drain] does.
//
// # Source
//
// Phoenix 1.9-dev, Phoenix.ChannelTest, whose helpers all have their counterpart here; ExUnit's assert_receive for what Want means.
package channeltest
