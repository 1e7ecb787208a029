package wire_test

import (
	"fmt"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
)

// A connection negotiates once, then decodes each message into the same Inbound and answers from it.
func Example() {
	serializer, err := wire.Negotiate("2.0.0", true)
	if err != nil {
		fmt.Println(err)
		return
	}
	var in wire.Inbound
	for _, message := range []string{
		`[null,"1","phoenix","heartbeat",{}]`,
		`["2","2","room:lobby","phx_join",{"name":"ada"}]`,
	} {
		if err := serializer.Decode(frame.Text, []byte(message), &in); err != nil {
			fmt.Println(err)
			return
		}
		if wire.IsHeartbeat(&in) {
			out, _, _ := wire.AppendHeartbeat(nil, serializer, &in)
			fmt.Printf("%s\n", out)
			continue
		}
		joinRef, ref := wire.RefFromBytes(in.JoinRef), wire.RefFromBytes(in.Ref)
		out, _, _ := serializer.AppendReply(nil, joinRef, ref, string(in.Topic), "ok", wire.Payload{Data: []byte(`{"users":3}`)})
		fmt.Printf("%s\n", out)
	}
	// Output:
	// [null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]
	// ["2","2","room:lobby","phx_reply",{"status":"ok","response":{"users":3}}]
}

// A broadcast is encoded once into a frame that every subscriber's connection writes.
func ExampleFrameFrom() {
	buf := make([]byte, frame.MaxHeader, 128)
	buf, op, err := wire.V2{}.AppendBroadcast(buf, "room:lobby", "message:new", wire.Payload{Data: []byte(`{"body":"hi"}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	f := wire.FrameFrom(buf, frame.MaxHeader, op)
	fmt.Printf("% x\n%s\n", f.WS()[:2], f.Data())
	// Output:
	// 81 34
	// [null,null,"room:lobby","message:new",{"body":"hi"}]
}
