package transport

import (
	"fmt"
	"time"

	"github.com/bennu-go/bennu/telemetry"
)

// connect asks the socket. A panic in the application's callback refuses this client, and is reported.
func connect(env Env, socket Socket, req *ConnectRequest) (s Session, err error) {
	ctx := req.Request.Context()
	began := time.Now()
	defer func() {
		if v := recover(); v != nil {
			reportPanic(env.Logger, "transport: connect callback of "+socket.Name(), v)
			s, err = nil, fmt.Errorf("transport: connect callback of %s panicked: %v", socket.Name(), v)
		}
		if t := env.Telemetry; t != nil && telemetry.Enabled[telemetry.SocketConnected](t) {
			telemetry.Emit(ctx, t, telemetry.SocketConnected{Socket: socket.Name(), Transport: req.Transport, Vsn: req.Serializer.Vsn(),
				Params: req.Params, Duration: time.Since(began), Err: err})
		}
	}()
	return socket.Connect(ctx, req)
}
