package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// schema is how the file came to its form, step by step. The number of steps that a file has taken is its user_version.
// A step that was released never changes; a new concern, or a change, is a step at the end.
func schema() []string {
	return []string{
		keysSchema,
		budgetsSchema,
		usageSchema,
		holdsSchema,
		documentsSchema,
	}
}

// migrate takes the steps that are missing, all or none of them, of a file that has taken at least some.
func (h *handle) migrate(ctx context.Context, least int) error {
	return h.change(ctx, func(tx *sql.Tx) error {
		var done int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&done); err != nil {
			return err
		}
		steps := schema()
		if done < least {
			return errNoStore
		}
		if done > len(steps) {
			return fmt.Errorf("the file is of form %d, which a newer outcrop has written; this one knows form %d",
				done, len(steps))
		}
		for _, step := range steps[done:] {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(steps)))
		return err
	})
}
