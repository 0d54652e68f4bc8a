-- Devices that used each feature, by day
SELECT day, feature, devices_estimate, devices_lower, devices_upper
FROM features_daily
WHERE app = 'maps'
ORDER BY day, feature
