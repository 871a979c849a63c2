-- What has been over for 90 days goes.
DELETE FROM ops.alerts
WHERE resuelta_en < now() - interval '90 days'
