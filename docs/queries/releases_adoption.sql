-- Devices by release and day, and which part of the day's devices they are
SELECT t.day, t.release, t.devices_estimate, t.devices_lower, t.devices_upper,
       LEAST(1.0, 1.0 * t.devices_estimate / a.devices_estimate) AS share,
       LEAST(1.0, 1.0 * t.devices_lower / a.devices_upper) AS share_lower,
       CASE WHEN a.devices_lower > 0 THEN LEAST(1.0, 1.0 * t.devices_upper / a.devices_lower) ELSE 1.0 END AS share_upper
FROM releases_daily AS t
JOIN activity_daily AS a ON a.app = t.app AND a.day = t.day
WHERE t.app = 'maps'
ORDER BY t.day, t.release
