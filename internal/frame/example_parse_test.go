package frame_test

import (
	"fmt"

	"github.com/bennu-go/bennu/internal/frame"
)

// A transport hands over what each read returned and handles what that completed.
func ExampleParser() {
	key := [4]byte{1, 2, 3, 4}
	var stream []byte
	stream = frame.AppendMasked(stream, frame.Text, false, key, []byte("hello, "))
	stream = frame.AppendMasked(stream, frame.Ping, true, key, []byte("still there?"))
	stream = frame.AppendMasked(stream, frame.Continuation, true, key, []byte("world"))
	stream = frame.AppendMasked(stream, frame.Close, true, key, []byte{1000 >> 8, 1000 & 0xFF})

	var parser frame.Parser
	for _, read := range [][]byte{stream[:5], stream[5:20], stream[20:]} {
		for len(read) > 0 {
			m, rest, err := parser.Next(read, nil)
			if err != nil {
				fmt.Println(err)
				return
			}
			read = rest
			switch m.Op {
			case frame.Continuation:
				fmt.Println("(more)")
			case frame.Close:
				fmt.Printf("close %d, answered by %q\n", m.Code, frame.AppendClose(nil, frame.ReplyCloseCode(m.Code), ""))
			default:
				fmt.Printf("%v %q\n", m.Op, m.Data)
			}
		}
	}
	// Output:
	// (more)
	// (more)
	// ping "still there?"
	// text "hello, world"
	// close 1000, answered by "\x88\x02\x03\xe8"
}
