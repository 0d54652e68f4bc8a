-- Devices heard from by day; at a glance, `heard`, the last 28 of them
SELECT day, devices_estimate, devices_lower, devices_upper
FROM activity_daily
WHERE app = 'maps'
ORDER BY day
