package server

import (
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"outcrop/internal/upstream"
)

// targetState is one target in the answer of GET /v1/outcrop/targets.
type targetState struct {
	Object    string            `json:"object"`
	Model     string            `json:"model"`
	Region    string            `json:"region"`
	State     string            `json:"state"`
	InFlight  int               `json:"in_flight"`
	Waiting   int               `json:"waiting"`
	Limit     int               `json:"limit"`
	Attempts  map[string]uint64 `json:"attempts"`
	Fallbacks uint64            `json:"fallbacks"`
}

// listTargets shows how every target is doing that was called since the start, and that the caller may use: public
// catalogue id and region, the state of its circuit breaker, calls in flight and waiting, the limit, and attempts by
// outcome.
func (s *Server) listTargets(c echo.Context) error {
	list := []targetState{}
	for _, t := range s.Targets().Targets {
		if s.MayUse != nil && !s.MayUse(principalOf(c), t.Model) {
			continue
		}
		state := targetState{Object: "outcrop.target", Model: t.Model, Region: t.Region, State: t.State, InFlight: t.InFlight,
			Waiting: t.Waiting, Limit: t.Limit, Attempts: map[string]uint64{}, Fallbacks: t.Left}
		for o, n := range t.Ended {
			if n > 0 {
				state.Attempts[upstream.Outcome(o).String()] = n
			}
		}
		list = append(list, state)
	}
	out, err := json.Marshal(map[string]any{"object": "list", "data": list}, json.Deterministic(true))
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, jsonType, out)
}
