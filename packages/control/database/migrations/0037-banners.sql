-- Shown in the app's own pages while it is open.
ALTER TABLE incidents ADD COLUMN has_banner boolean NOT NULL DEFAULT false;
