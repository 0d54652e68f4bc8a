-- Devices heard from by week
SELECT week, devices_estimate, devices_lower, devices_upper
FROM activity_weekly
WHERE app = 'maps'
ORDER BY week
