-- Devices on which something failed by each cause, by week
SELECT week, cause, devices_estimate, devices_lower, devices_upper
FROM causes_weekly
WHERE app = 'maps'
ORDER BY week, cause
