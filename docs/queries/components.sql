-- Devices on which a component failed in the last week, by cause
WITH last AS (SELECT max(week) AS week FROM components_weekly)
SELECT t.component, t.cause, t.devices_estimate, t.devices_lower, t.devices_upper
FROM components_weekly AS t
JOIN last ON t.week = last.week
WHERE t.app = 'maps'
ORDER BY t.devices_lower DESC
