package telemetry_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/bennu-go/bennu/telemetry"
)

// OrderPaid is an application's own event: a struct with a name.
type OrderPaid struct {
	Order string
	Cents int
}

func (OrderPaid) EventName() string { return "shop.order.paid" }

// An application emits events of its own just as the framework does, and attaches
// handlers to both. Packages that emit take the Telemetry in their Config; nil
// is off.
func Example_ownEvent() {
	ctx := context.Background()
	tel := telemetry.New(telemetry.Config{})

	detach := telemetry.Attach(tel, func(ctx context.Context, e OrderPaid) {
		fmt.Printf("order %s paid %d cents\n", e.Order, e.Cents)
	})
	telemetry.Emit(ctx, tel, OrderPaid{Order: "17", Cents: 990})

	detach()
	telemetry.Emit(ctx, tel, OrderPaid{Order: "18", Cents: 100})
	telemetry.Emit(ctx, nil, OrderPaid{Order: "19", Cents: 100})
	// Output:
	// order 17 paid 990 cents
}

// A metric is a handler that adds up. Handlers run on the goroutine that emits,
// several at a time, so what they add up is atomic.
func Example_metric() {
	tel := telemetry.New(telemetry.Config{})
	var pushes, bytes atomic.Int64
	telemetry.Attach(tel, func(_ context.Context, e telemetry.ChannelPush) {
		pushes.Add(1)
		bytes.Add(int64(e.Bytes))
	})

	for range 3 {
		telemetry.Emit(context.Background(), tel, telemetry.ChannelPush{Topic: "room:1", Event: "message:new", Bytes: 40})
	}
	fmt.Println(pushes.Load(), "pushes,", bytes.Load(), "bytes")
	// Output:
	// 3 pushes, 120 bytes
}
