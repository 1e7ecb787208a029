package telemetry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/bennu-go/bennu/telemetry"
)

// Log writes the framework's events as log lines, without the secrets in
// parameters, and bounds the lines about a thing that breaks over and over.
func ExampleLog() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // an example has to print the same every time
			}
			return a
		},
	}))
	tel := telemetry.New(telemetry.Config{Logger: logger})
	detach := telemetry.Log(tel, telemetry.LogConfig{SampleBurst: 1})

	ctx := context.Background()
	telemetry.Emit(ctx, tel, telemetry.ChannelJoined{
		Channel:  "RoomChannel",
		Topic:    "room:1",
		Params:   json.RawMessage(`{"since":17,"invite_token":"s3cret"}`),
		Status:   "ok",
		Duration: 92 * time.Microsecond,
	})
	for range 983 {
		telemetry.Emit(ctx, tel, telemetry.RouteException{Method: "GET", Route: "/users/{id}", Action: "Users.Show", Reason: errors.New("index out of range")})
	}
	detach()
	// Output:
	// level=INFO msg="JOINED room:1 in 92µs" channel=RoomChannel params="{\"invite_token\":\"[FILTERED]\",\"since\":17}"
	// level=ERROR msg="PANICKED GET Users.Show in 0µs" route=/users/{id} reason="index out of range"
	// level=ERROR msg="suppressed 982 more" event=bennu.route.exception of=/users/{id}
}

func ExampleFilter() {
	payload := json.RawMessage(`{"name":"ada","password":"s3cret","next":"/in?token=abc","card":{"number":4111}}`)

	fmt.Printf("%s\n", telemetry.Filter{}.JSON(payload))
	fmt.Printf("%s\n", telemetry.Filter{Keep: []string{"name"}}.JSON(payload))
	// Output:
	// {"card":{"number":4111},"name":"ada","next":"[FILTERED]","password":"[FILTERED]"}
	// {"card":{"number":"[FILTERED]"},"name":"ada","next":"[FILTERED]","password":"[FILTERED]"}
}
